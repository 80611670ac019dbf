package dev.lora4j.llm.jinja.value;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The value types of a template: {@code String}, {@code Boolean}, {@code Long}, {@code Double},
 * {@code List}, {@code Map}, {@link None}, {@link Undefined}, {@link Namespace} and {@link
 * Callable}. No other type can enter.
 */
public final class Values {
  private Values() {}

  /** Copies a Java value into the types above. */
  public static Object of(@Nullable Object value) {
    if (value == null) {
      return None.NONE;
    } else if (value instanceof Optional<?> optional) {
      return optional.map(Values::of).orElse(None.NONE);
    } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    } else if (value instanceof Number number && !(value instanceof Long)) {
      return number.doubleValue();
    } else if (value instanceof Collection<?> items) {
      List<Object> list = new ArrayList<>(items.size());
      items.forEach(item -> list.add(of(item)));
      return Collections.unmodifiableList(list);
    } else if (value instanceof Map<?, ?> entries) {
      Map<Object, Object> map = new LinkedHashMap<>();
      entries.forEach((key, item) -> map.put(of(key), of(item)));
      return Collections.unmodifiableMap(map);
    } else if (value instanceof String || value instanceof Boolean || value instanceof Long) {
      return value;
    }
    throw new IllegalArgumentException("unsupported type of template value: " + value.getClass());
  }

  /**
   * Casts the element of a collection; all collections are created by {@link #of} or by a template.
   */
  public static Object known(@Nullable Object element) {
    return element == null ? None.NONE : element;
  }

  /** Returns a value that can be a dictionary key: neither a list nor a dictionary. */
  public static Object key(Object value) {
    if (value instanceof List || value instanceof Map) {
      throw new TemplateError(named(value) + " cannot be a dictionary key");
    }
    return value;
  }

  public static boolean truth(Object value) {
    if (value instanceof Boolean b) {
      return b;
    } else if (value instanceof Number n) {
      return n.doubleValue() != 0;
    } else if (value instanceof String text) {
      return !text.isEmpty();
    } else if (value instanceof List<?> list) {
      return !list.isEmpty();
    } else if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return value instanceof Namespace || value instanceof Callable;
  }

  public static boolean equal(Object a, Object b) {
    Object x = number(a).map(Object.class::cast).orElse(a);
    Object y = number(b).map(Object.class::cast).orElse(b);
    if (x instanceof Long i && y instanceof Long j) {
      return i.equals(j);
    } else if (x instanceof Number n && y instanceof Number m) {
      return n.doubleValue() == m.doubleValue();
    } else if (a instanceof List<?> left && b instanceof List<?> right) {
      if (left.size() != right.size()) {
        return false;
      }
      for (int i = 0; i < left.size(); i++) {
        if (!equal(known(left.get(i)), known(right.get(i)))) {
          return false;
        }
      }
      return true;
    }
    return a instanceof Undefined ? b instanceof Undefined : a.equals(b);
  }

  /** Compares two numbers or two strings. */
  public static int compare(Object a, Object b) {
    Optional<Number> x = number(a);
    Optional<Number> y = number(b);
    if (x.isPresent() && y.isPresent()) {
      return x.get() instanceof Long i && y.get() instanceof Long j
          ? Long.compare(i, j)
          : Double.compare(x.get().doubleValue(), y.get().doubleValue());
    } else if (a instanceof String left && b instanceof String right) {
      return left.compareTo(right);
    }
    throw new TemplateError("cannot compare " + named(a) + " and " + named(b));
  }

  public static boolean contains(Object container, Object item) {
    if (container instanceof String text) {
      return text.contains(text(item, "left operand of in"));
    } else if (container instanceof Map<?, ?> map) {
      return map.containsKey(key(item));
    }
    return items(container).stream().anyMatch(candidate -> equal(candidate, item));
  }

  /** Returns the items of a loop: elements, keys or characters; none if undefined. */
  public static List<Object> items(Object value) {
    if (value instanceof List<?> list) {
      List<Object> copy = new ArrayList<>(list.size());
      list.forEach(item -> copy.add(known(item)));
      return copy;
    } else if (value instanceof Map<?, ?> map) {
      return new ArrayList<>(map.keySet());
    } else if (value instanceof String text) {
      List<Object> characters = new ArrayList<>();
      text.codePoints().forEach(c -> characters.add(Character.toString(c)));
      return characters;
    } else if (value instanceof Undefined) {
      return new ArrayList<>();
    }
    throw new TemplateError(named(value) + " is not iterable");
  }

  public static long length(Object value) {
    if (value instanceof String text) {
      return text.codePointCount(0, text.length());
    } else if (value instanceof List<?> list) {
      return list.size();
    } else if (value instanceof Map<?, ?> map) {
      return map.size();
    } else if (value instanceof Undefined) {
      return 0;
    }
    throw new TemplateError(named(value) + " has no length");
  }

  public static String text(Object value, String what) {
    if (value instanceof String text) {
      return text;
    }
    throw new TemplateError(what + ": expected a string, found " + named(value));
  }

  public static long integer(Object value, String what) {
    if (value instanceof Boolean b) {
      return b ? 1 : 0;
    } else if (value instanceof Long number) {
      return number;
    }
    throw new TemplateError(what + ": expected an integer, found " + named(value));
  }

  /** Returns the number, with true and false as 1 and 0. */
  public static Optional<Number> number(Object value) {
    if (value instanceof Boolean b) {
      return Optional.of(b ? 1L : 0L);
    }
    return value instanceof Number n ? Optional.of(n) : Optional.empty();
  }

  /** Describes a value for an error message. */
  public static String named(Object value) {
    if (value instanceof Undefined undefined) {
      return "'" + undefined.what() + "' (undefined)";
    }
    String text = PythonText.repr(value);
    return text.length() > 60 ? text.substring(0, 60) + "…" : text;
  }
}
