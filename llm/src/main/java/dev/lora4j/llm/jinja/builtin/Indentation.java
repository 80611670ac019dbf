package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TextSearch;
import dev.lora4j.llm.jinja.value.Values;

/** The filter {@code indent(width, first, blank)}. */
final class Indentation {
  private Indentation() {}

  static String of(String text, Arguments arguments, RenderState run) {
    Object width = arguments.get(0, "width").orElse(4L);
    boolean first = arguments.get(1, "first").map(Values::truth).orElse(false);
    boolean blank = arguments.get(2, "blank").map(Values::truth).orElse(false);
    String prefix =
        width instanceof String given
            ? given
            : " ".repeat((int) Math.max(0, Math.min(1000, Values.integer(width, "width"))));
    long breaks = TextSearch.count(text, "\n", run.budget());
    run.budget().elements(breaks);
    run.budget().chars(2L * text.length() + (breaks + 1) * prefix.length());
    String[] lines = text.split("\n", -1);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.length; i++) {
      boolean indented = i == 0 ? first : blank || !lines[i].isEmpty();
      out.append(i == 0 ? "" : "\n").append(indented ? prefix : "").append(lines[i]);
    }
    return out.toString();
  }
}
