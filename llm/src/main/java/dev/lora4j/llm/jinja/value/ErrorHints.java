package dev.lora4j.llm.jinja.value;

import dev.lora4j.NearMiss;
import java.util.Collection;
import java.util.List;

/** Suggestions for a mistyped name. */
public final class ErrorHints {
  private ErrorHints() {}

  public static String of(String name, Collection<String> valid) {
    List<String> near = NearMiss.nearest(name, valid);
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }
}
