package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Values;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;

/** The numeric filters. */
final class PythonNumbers {
  private PythonNumbers() {}

  static Object toInt(Object value, Arguments arguments, Budget budget) {
    Object other = arguments.get(0, "default").orElse(0L);
    return parsed(value, budget).map(n -> (Object) n.longValue()).orElse(other);
  }

  static Object toFloat(Object value, Arguments arguments, Budget budget) {
    Object other = arguments.get(0, "default").orElse(0.0);
    return parsed(value, budget).map(n -> (Object) n.doubleValue()).orElse(other);
  }

  private static Optional<Number> parsed(Object value, Budget budget) {
    if (!(value instanceof String text)) {
      return Values.number(value);
    }
    budget.chars(4L * text.length());
    try {
      return Optional.of(Double.parseDouble(PythonText.strip(text)));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  static Object abs(Object value) {
    if (value instanceof Double d) {
      return Math.abs(d);
    }
    return Math.abs(Values.integer(value, "abs"));
  }

  static Object round(Object value, Arguments arguments) {
    double number =
        Values.number(value)
            .orElseThrow(() -> new TemplateError("round: not a number: " + Values.named(value)))
            .doubleValue();
    int digits = (int) Math.max(-400, Math.min(18, arguments.integer(0, "precision", 0)));
    RoundingMode mode =
        switch (arguments.text(1, "method", "common")) {
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> RoundingMode.HALF_EVEN;
        };
    return Double.isFinite(number)
        ? new BigDecimal(number).setScale(digits, mode).doubleValue()
        : number;
  }
}
