package dev.lora4j.models.text.jinja;

import java.util.HashMap;
import java.util.Map;

/**
 * A Jinja namespace: a value with attributes that a template may assign, even from inside a loop.
 */
final class Namespace {
  private final Map<String, Object> attributes;

  Namespace(Map<String, Object> attributes) {
    this.attributes = new HashMap<>(attributes);
  }

  Object get(String name) {
    return attributes.getOrDefault(name, new Undefined(name));
  }

  void set(String name, Object value) {
    attributes.put(name, value);
  }
}
