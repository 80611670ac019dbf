package dev.lora4j.models.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arguments of a call.
 *
 * @param inOrder positional arguments
 * @param named keyword arguments
 */
record Arguments(List<Object> inOrder, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** Returns the argument at this position or with this name. */
  Optional<Object> get(int index, String name) {
    if (index < inOrder.size()) {
      return Optional.of(inOrder.get(index));
    }
    return Optional.ofNullable(named.get(name));
  }

  Object required(int index, String name) {
    return get(index, name)
        .orElseThrow(() -> new TemplateError("the argument " + name + " is missing"));
  }

  String text(int index, String name) {
    return Values.text(required(index, name), name);
  }

  String text(int index, String name, String other) {
    return get(index, name).map(value -> Values.text(value, name)).orElse(other);
  }

  long integer(int index, String name, long other) {
    return get(index, name)
        .filter(value -> value != None.NONE)
        .map(value -> Values.integer(value, name))
        .orElse(other);
  }
}
