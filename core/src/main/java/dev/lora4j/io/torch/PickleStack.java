package dev.lora4j.io.torch;

import dev.lora4j.io.torch.PickleValue.Mark;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The stack and the memo of the pickle machine. */
final class PickleStack {
  private final PickleBytes source;
  private final List<PickleValue> stack = new ArrayList<>();
  private final Map<Long, PickleValue> memo = new HashMap<>();

  PickleStack(PickleBytes source) {
    this.source = source;
  }

  void push(PickleValue value) {
    stack.add(value);
  }

  PickleValue pop() {
    if (stack.isEmpty()) {
      throw source.corrupt("expected a value on the stack, found none");
    }
    return stack.remove(stack.size() - 1);
  }

  /** Returns the top value, which must be of the given kind, without removing it. */
  <T extends PickleValue> T top(Class<T> kind) {
    T value = pop(kind);
    push(value);
    return value;
  }

  <T extends PickleValue> T pop(Class<T> kind) {
    PickleValue value = pop();
    if (!kind.isInstance(value)) {
      throw source.corrupt("expected " + kind.getSimpleName() + ", found " + value.kind());
    }
    return kind.cast(value);
  }

  /** Pops the values above the last mark, lowest first, and the mark. */
  List<PickleValue> popToMark() {
    int mark = stack.lastIndexOf(Mark.MARK);
    if (mark < 0) {
      throw source.corrupt("expected a mark on the stack, found none");
    }
    List<PickleValue> above = stack.subList(mark + 1, stack.size());
    List<PickleValue> values = List.copyOf(above);
    above.clear();
    stack.remove(mark);
    return values;
  }

  List<PickleValue> pop(int count) {
    List<PickleValue> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(0, pop());
    }
    return List.copyOf(values);
  }

  void remember(long place) {
    memo.put(place, top(PickleValue.class));
  }

  void rememberNext() {
    remember(memo.size());
  }

  void recall(long place) {
    PickleValue value = memo.get(place);
    if (value == null) {
      throw source.corrupt("expected a memo entry " + place + ", found none");
    }
    push(value);
  }
}
