package dev.lora4j.llm.jinja.value;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arguments of a call.
 *
 * @param inOrder positional arguments
 * @param named keyword arguments
 */
public record Arguments(List<Object> inOrder, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** Returns the argument at this position or with this name. */
  public Optional<Object> get(int index, String name) {
    if (index < inOrder.size()) {
      return Optional.of(inOrder.get(index));
    }
    return Optional.ofNullable(named.get(name));
  }

  public Object required(int index, String name) {
    return get(index, name)
        .orElseThrow(() -> new TemplateError("the argument " + name + " is missing"));
  }

  public String text(int index, String name) {
    return Values.text(required(index, name), name);
  }

  public String text(int index, String name, String other) {
    return get(index, name).map(value -> Values.text(value, name)).orElse(other);
  }

  public long integer(int index, String name, long other) {
    return get(index, name)
        .filter(value -> value != None.NONE)
        .map(value -> Values.integer(value, name))
        .orElse(other);
  }
}
