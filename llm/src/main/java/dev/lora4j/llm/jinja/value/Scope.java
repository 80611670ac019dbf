package dev.lora4j.llm.jinja.value;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables visible to a block; assignments are discarded at the end of the block. */
public final class Scope {
  private final @Nullable Scope outer;
  private final Map<String, Object> variables = new HashMap<>();

  public Scope(@Nullable Scope outer) {
    this.outer = outer;
  }

  public Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.variables.get(name);
      if (value != null) {
        return value;
      }
    }
    return new Undefined(name);
  }

  public void set(String name, Object value) {
    variables.put(name, value);
  }
}
