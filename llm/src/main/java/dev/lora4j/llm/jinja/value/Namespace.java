package dev.lora4j.llm.jinja.value;

import java.util.HashMap;
import java.util.Map;

/**
 * A Jinja namespace: a value with attributes that a template may assign, even from inside a loop.
 */
public final class Namespace {
  private final Map<String, Object> attributes;

  public Namespace(Map<String, Object> attributes) {
    this.attributes = new HashMap<>(attributes);
  }

  public Object get(String name) {
    return attributes.getOrDefault(name, new Undefined(name));
  }

  public void set(String name, Object value) {
    attributes.put(name, value);
  }
}
