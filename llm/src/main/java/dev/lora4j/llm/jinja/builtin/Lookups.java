package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.Namespace;
import dev.lora4j.llm.jinja.value.None;
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
  public static Object item(Object value, Object key, Budget budget) {
    if (value instanceof Undefined undefined) {
      throw new TemplateError(
          "'" + undefined.what() + "' is undefined: no [" + Values.named(key) + "]");
    }
    Object found = entry(value, key, budget);
    if (found instanceof Undefined && key instanceof String name) {
      return Methods.find(value, name).map(Object.class::cast).orElse(found);
    }
    return found;
  }

  private static Object entry(Object value, Object key, Budget budget) {
    budget.steps(1);
    if (value instanceof String text && key instanceof Long index) {
      return character(text, index, budget);
    } else if (value instanceof List<?> items && key instanceof Long index) {
      long from = index < 0 ? index + items.size() : index;
      return from >= 0 && from < items.size()
          ? Values.known(items.get((int) from))
          : new Undefined("[" + index + "]");
    }
    return entry(value, key);
  }

  private static Object entry(Object value, Object key) {
    Object found = value instanceof Map<?, ?> map ? map.get(Values.key(key)) : null;
    return found == null ? new Undefined(key instanceof String s ? s : Values.named(key)) : found;
  }

  private static Object character(String text, long index, Budget budget) {
    long from = index < 0 ? index + Values.length(text, budget) : index;
    if (from < 0 || from >= text.length()) {
      return new Undefined("[" + index + "]");
    }
    budget.chars(from);
    int at = 0;
    for (long i = 0; i < from && at < text.length(); i++) {
      at += Character.charCount(text.codePointAt(at));
    }
    return at < text.length()
        ? Character.toString(text.codePointAt(at))
        : new Undefined("[" + index + "]");
  }

  /** Returns a Python slice; an omitted bound is {@link None}. */
  public static Object slice(Object value, Object from, Object to, Object by, RenderState run) {
    if (!(value instanceof List) && !(value instanceof String)) {
      throw new TemplateError("cannot slice " + Values.named(value));
    }
    Budget budget = run.budget();
    budget.chars(value instanceof String text ? 4L * text.length() : 0);
    long step = by == None.NONE ? 1 : Values.integer(by, "slice step");
    if (step == 0) {
      throw new TemplateError("slice step cannot be 0");
    }
    int[] characters = value instanceof String text ? text.codePoints().toArray() : new int[0];
    List<?> items = value instanceof List<?> list ? list : List.of();
    long size = Math.max(characters.length, items.size());
    long low = step > 0 ? 0 : -1;
    long high = step > 0 ? size : size - 1;
    long i = bound(from, step > 0 ? low : high, low, high, size);
    long end = bound(to, step > 0 ? high : low, low, high, size);
    step = Math.max(-size - 1, Math.min(size + 1, step));
    StringBuilder text = new StringBuilder();
    List<Object> taken = new ArrayList<>();
    for (; step > 0 ? i < end : i > end; i += step) {
      if (value instanceof String) {
        text.appendCodePoint(characters[(int) i]);
      } else {
        budget.elements(1);
        taken.add(Values.known(items.get((int) i)));
      }
    }
    return value instanceof String ? text.toString() : taken;
  }

  private static long bound(Object given, long other, long low, long high, long size) {
    if (given == None.NONE) {
      return other;
    }
    long index = Values.integer(given, "slice bound");
    return Math.min(high, Math.max(low, index < 0 ? index + size : index));
  }
}
