package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.Namespace;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Undefined;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Attribute, item and slice access: {@code a.b}, {@code a[b]}, {@code a[b:c:d]}. */
public final class Lookups {
  private Lookups() {}

  /** Returns {@code value.name}; on a map, methods take precedence over entries. */
  public static Object attribute(Object value, String name) {
    if (value instanceof Undefined undefined) {
      throw new TemplateError("'" + undefined.what() + "' is undefined: no ." + name);
    } else if (value instanceof Namespace namespace) {
      return namespace.get(name);
    }
    Optional<Callable> method = Methods.find(value, name);
    return method.isPresent() ? method.get() : entry(value, name);
  }

  /** Returns {@code value[key]}; entries take precedence over methods. */
  public static Object item(Object value, Object key) {
    if (value instanceof Undefined undefined) {
      throw new TemplateError(
          "'" + undefined.what() + "' is undefined: no [" + PythonText.repr(key) + "]");
    }
    Object found = entry(value, key);
    if (found instanceof Undefined && key instanceof String name) {
      return Methods.find(value, name).map(Object.class::cast).orElse(found);
    }
    return found;
  }

  private static Object entry(Object value, Object key) {
    if (value instanceof Map<?, ?> map) {
      Object found = map.get(Values.key(key));
      return found == null ? new Undefined(PythonText.str(key)) : found;
    } else if (key instanceof Long index && (value instanceof List || value instanceof String)) {
      List<Object> items = Values.items(value);
      long from = index < 0 ? index + items.size() : index;
      return from >= 0 && from < items.size()
          ? items.get((int) from)
          : new Undefined("[" + index + "]");
    }
    return new Undefined(PythonText.str(key));
  }

  /** Returns a Python slice; an omitted bound is {@link None}. */
  public static Object slice(Object value, Object from, Object to, Object by, RenderState run) {
    if (!(value instanceof List) && !(value instanceof String)) {
      throw new TemplateError("cannot slice " + Values.named(value));
    }
    List<Object> items = Values.items(value);
    run.spend(items.size());
    long step = by == None.NONE ? 1 : Values.integer(by, "slice step");
    if (step == 0) {
      throw new TemplateError("slice step cannot be 0");
    }
    long size = items.size();
    long low = step > 0 ? 0 : -1;
    long high = step > 0 ? size : size - 1;
    long i = bound(from, step > 0 ? low : high, low, high, size);
    long end = bound(to, step > 0 ? high : low, low, high, size);
    List<Object> taken = new ArrayList<>();
    while (step > 0 ? i < end : i > end) {
      taken.add(items.get((int) i));
      i = Math.addExact(i, step);
    }
    return value instanceof String ? joined(taken) : taken;
  }

  private static long bound(Object given, long other, long low, long high, long size) {
    if (given == None.NONE) {
      return other;
    }
    long index = Values.integer(given, "slice bound");
    return Math.min(high, Math.max(low, index < 0 ? index + size : index));
  }

  private static String joined(List<Object> characters) {
    StringBuilder text = new StringBuilder();
    characters.forEach(text::append);
    return text.toString();
  }
}
