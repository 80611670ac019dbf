package dev.lora4j.llm.jinja.value;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The value types of a template: {@code String}, {@code Boolean}, {@code Long}, {@code BigInteger},
 * {@code Double}, {@code List}, {@code Map}, {@link None}, {@link Undefined}, {@link Namespace} and
 * {@link Callable}. No other type can enter.
 */
public final class Values {
  private static final int SHOWN = 60;

  private Values() {}

  /** Copies a Java value into the types above. */
  public static Object of(@Nullable Object value) {
    if (value == null) {
      return None.NONE;
    } else if (value instanceof Optional<?> optional) {
      return optional.map(Values::of).orElse(None.NONE);
    } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    } else if (value instanceof Number number && !isInteger(value)) {
      return number.doubleValue();
    } else if (value instanceof Collection<?> items) {
      List<Object> list = new ArrayList<>(items.size());
      items.forEach(item -> list.add(of(item)));
      return Collections.unmodifiableList(list);
    } else if (value instanceof Map<?, ?> entries) {
      Map<Object, Object> map = new LinkedHashMap<>();
      entries.forEach((key, item) -> map.put(of(key), of(item)));
      return Collections.unmodifiableMap(map);
    } else if (value instanceof String || value instanceof Boolean || isInteger(value)) {
      return value;
    }
    throw new IllegalArgumentException("unsupported type of template value: " + value.getClass());
  }

  /** Returns whether a value is an integer; {@code BigInteger} holds those that overflow a long. */
  public static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger;
  }

  /**
   * Casts the element of a collection; all collections are created by {@link #of} or by a template.
   */
  public static Object known(@Nullable Object element) {
    return element == null ? None.NONE : element;
  }

  /** Charges the visit of a whole value, which may contain another value many times. */
  public static void visit(Object value, Budget budget) {
    budget.steps(1);
    budget.enter();
    if (value instanceof List<?> list) {
      list.forEach(item -> visit(known(item), budget));
    } else if (value instanceof Map<?, ?> map) {
      map.values().forEach(item -> visit(known(item), budget));
    }
    budget.leave();
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

  public static boolean equal(Object a, Object b, Budget budget) {
    budget.steps(1);
    Optional<Number> x = number(a);
    Optional<Number> y = number(b);
    if (x.isPresent() && y.isPresent()) {
      return equal(x.get(), y.get());
    } else if (a instanceof String left && b instanceof String right) {
      budget.chars(left.length() == right.length() ? left.length() : 0);
      return left.equals(right);
    } else if (a instanceof List<?> left && b instanceof List<?> right) {
      return left.size() == right.size() && equalLists(left, right, budget);
    } else if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
      return left.size() == right.size() && equalMaps(left, right, budget);
    }
    return a instanceof Undefined ? b instanceof Undefined : a.equals(b);
  }

  private static boolean equal(Number x, Number y) {
    boolean integers = isInteger(x) && isInteger(y);
    return integers ? x.equals(y) : x.doubleValue() == y.doubleValue();
  }

  private static boolean equalLists(List<?> left, List<?> right, Budget budget) {
    budget.enter();
    for (int i = 0; i < left.size(); i++) {
      if (!equal(known(left.get(i)), known(right.get(i)), budget)) {
        budget.leave();
        return false;
      }
    }
    budget.leave();
    return true;
  }

  private static boolean equalMaps(Map<?, ?> left, Map<?, ?> right, Budget budget) {
    budget.enter();
    for (Map.Entry<?, ?> entry : left.entrySet()) {
      Object other = right.get(entry.getKey());
      if (other == null || !equal(known(entry.getValue()), other, budget)) {
        budget.leave();
        return false;
      }
    }
    budget.leave();
    return true;
  }

  /** Compares two numbers or two strings. */
  public static int compare(Object a, Object b, Budget budget) {
    budget.steps(1);
    Optional<Number> x = number(a);
    Optional<Number> y = number(b);
    if (x.isPresent() && y.isPresent()) {
      return x.get() instanceof Long i && y.get() instanceof Long j
          ? Long.compare(i, j)
          : Double.compare(x.get().doubleValue(), y.get().doubleValue());
    } else if (a instanceof String left && b instanceof String right) {
      budget.chars(Math.min(left.length(), right.length()));
      return left.compareTo(right);
    }
    throw new TemplateError("cannot compare " + named(a) + " and " + named(b));
  }

  public static boolean contains(Object container, Object item, Budget budget) {
    if (container instanceof String text) {
      return TextSearch.indexOf(text, text(item, "left operand of in"), 0, budget) >= 0;
    } else if (container instanceof Map<?, ?> map) {
      return map.containsKey(key(item));
    } else if (container instanceof List<?> list) {
      return list.stream().anyMatch(candidate -> equal(known(candidate), item, budget));
    }
    return items(container, budget).contains(item);
  }

  /** Returns the items of a loop: elements, keys or characters; none if undefined. */
  public static List<Object> items(Object value, Budget budget) {
    if (value instanceof List<?> list) {
      budget.elements(list.size());
      List<Object> copy = new ArrayList<>(list.size());
      list.forEach(item -> copy.add(known(item)));
      return copy;
    } else if (value instanceof Map<?, ?> map) {
      budget.elements(map.size());
      return new ArrayList<>(map.keySet());
    } else if (value instanceof String text) {
      budget.elements(text.length());
      List<Object> characters = new ArrayList<>(text.length());
      text.codePoints().forEach(c -> characters.add(Character.toString(c)));
      return characters;
    } else if (value instanceof Undefined) {
      return new ArrayList<>();
    }
    throw new TemplateError(named(value) + " is not iterable");
  }

  public static long length(Object value, Budget budget) {
    if (value instanceof String text) {
      budget.chars(text.length());
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
    String text = Repr.of(value, new Budget(), SHOWN);
    return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
  }
}
