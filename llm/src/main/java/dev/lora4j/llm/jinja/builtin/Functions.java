package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.Namespace;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The global functions of a template: Jinja's own and those that transformers adds. */
public final class Functions {
  private static final int LONGEST_RANGE = 100_000;
  private static final int LONGEST_MESSAGE = 1000;

  private Functions() {}

  public static Map<String, Callable> all(Clock clock) {
    return Map.of(
        "raise_exception",
        (run, a) -> {
          throw new TemplateError(
              shortened(PythonText.str(a.required(0, "message"), run.budget())));
        },
        "strftime_now",
        (run, a) -> Dates.format(ZonedDateTime.now(clock), a.text(0, "format"), run.budget()),
        "namespace",
        (run, a) -> new Namespace(a.named()),
        "dict",
        (run, a) -> new LinkedHashMap<Object, Object>(a.named()),
        "range",
        (run, a) -> range(run, a));
  }

  private static List<Object> range(RenderState run, Arguments arguments) {
    boolean one = arguments.inOrder().size() == 1;
    long from = one ? 0 : arguments.integer(0, "start", 0);
    long to = arguments.integer(one ? 0 : 1, "stop", 0);
    long step = arguments.integer(2, "step", 1);
    if (step == 0) {
      throw new TemplateError("range: the step cannot be 0");
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      if (numbers.size() == LONGEST_RANGE) {
        throw new TemplateError("range: more than " + LONGEST_RANGE + " numbers");
      }
      run.budget().elements(1);
      numbers.add(i);
      if (step > 0 ? i > to - step : i < to - step) {
        break; // the next number might overflow
      }
    }
    return numbers;
  }

  private static String shortened(String message) {
    return message.length() > LONGEST_MESSAGE
        ? message.substring(0, LONGEST_MESSAGE) + "…"
        : message;
  }
}
