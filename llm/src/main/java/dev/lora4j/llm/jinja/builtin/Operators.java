package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Values;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic operators, as far as chat templates use them. */
public final class Operators {
  private Operators() {}

  public static Object apply(String operator, Object a, Object b, RenderState run) {
    Budget budget = run.budget();
    budget.steps(1);
    return switch (operator) {
      case "+" -> plus(a, b, run);
      case "*" -> times(a, b, run);
      case "~" -> joined(PythonText.str(a, budget), PythonText.str(b, budget), run);
      case "==" -> Values.equal(a, b, budget);
      case "!=" -> !Values.equal(a, b, budget);
      case "<" -> Values.compare(a, b, budget) < 0;
      case "<=" -> Values.compare(a, b, budget) <= 0;
      case ">" -> Values.compare(a, b, budget) > 0;
      case ">=" -> Values.compare(a, b, budget) >= 0;
      case "in" -> Values.contains(b, a, budget);
      case "not in" -> !Values.contains(b, a, budget);
      default -> numbers(operator, a, b);
    };
  }

  private static Object plus(Object a, Object b, RenderState run) {
    if (a instanceof String x && b instanceof String y) {
      return joined(x, y, run);
    } else if (a instanceof List<?> x && b instanceof List<?> y) {
      run.budget().elements((long) x.size() + y.size());
      List<Object> all = new ArrayList<>(x);
      all.addAll(y);
      return all;
    }
    return numbers("+", a, b);
  }

  private static String joined(String a, String b, RenderState run) {
    run.budget().chars((long) a.length() + b.length());
    return a + b;
  }

  private static Object times(Object a, Object b, RenderState run) {
    if (a instanceof String text && Values.number(b).isPresent()) {
      long times = Math.max(0, Values.integer(b, "*"));
      run.budget()
          .chars(Math.multiplyExact(Math.min(times, Integer.MAX_VALUE), (long) text.length()));
      return text.repeat((int) Math.min(times, Integer.MAX_VALUE));
    } else if (b instanceof String) {
      return times(b, a, run);
    }
    return numbers("*", a, b);
  }

  private static Object numbers(String operator, Object a, Object b) {
    Number x = Values.number(a).orElseThrow(() -> impossible(operator, a, b));
    Number y = Values.number(b).orElseThrow(() -> impossible(operator, a, b));
    boolean dividing = operator.equals("/") || operator.equals("//") || operator.equals("%");
    if (dividing && y.doubleValue() == 0) {
      throw new TemplateError("division by zero");
    }
    try {
      if (x instanceof Long i && y instanceof Long j) {
        return longs(operator, i, j);
      }
      return doubles(operator, x.doubleValue(), y.doubleValue());
    } catch (ArithmeticException e) {
      throw new TemplateError("number out of range: " + x + " " + operator + " " + y);
    }
  }

  private static Object longs(String operator, long a, long b) {
    return switch (operator) {
      case "+" -> Math.addExact(a, b);
      case "-" -> Math.subtractExact(a, b);
      case "*" -> Math.multiplyExact(a, b);
      case "//" -> b == -1 ? Math.negateExact(a) : Math.floorDiv(a, b);
      case "%" -> Math.floorMod(a, b);
      case "**" -> power(a, b);
      default -> doubles(operator, a, b);
    };
  }

  private static Object power(long a, long b) {
    if (b < 0 || b > Long.SIZE) {
      return Math.pow(a, b);
    }
    return BigInteger.valueOf(a).pow((int) b).longValueExact();
  }

  private static Object doubles(String operator, double a, double b) {
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - b * Math.floor(a / b);
      case "**" -> Math.pow(a, b);
      default -> throw new TemplateError("unknown operator " + operator);
    };
  }

  private static TemplateError impossible(String operator, Object a, Object b) {
    return new TemplateError(
        "cannot compute " + Values.named(a) + " " + operator + " " + Values.named(b));
  }
}
