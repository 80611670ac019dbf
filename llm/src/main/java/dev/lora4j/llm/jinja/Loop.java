package dev.lora4j.llm.jinja;

import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The variable {@code loop} in a {@code for} block. */
final class Loop {
  private Loop() {}

  static Map<Object, Object> at(int index, List<Object> items) {
    int size = items.size();
    Map<Object, Object> loop = new HashMap<>();
    loop.put("index", index + 1L);
    loop.put("index0", (long) index);
    loop.put("revindex", (long) size - index);
    loop.put("revindex0", size - index - 1L);
    loop.put("first", index == 0);
    loop.put("last", index == size - 1);
    loop.put("length", (long) size);
    if (index > 0) {
      loop.put("previtem", items.get(index - 1));
    }
    if (index < size - 1) {
      loop.put("nextitem", items.get(index + 1));
    }
    loop.put("cycle", cycle(index));
    return loop;
  }

  private static Callable cycle(int index) {
    return (run, arguments) -> {
      List<Object> values = arguments.inOrder();
      if (values.isEmpty()) {
        throw new TemplateError("loop.cycle: no arguments");
      }
      return values.get(index % values.size());
    };
  }
}
