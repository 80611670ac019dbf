package dev.lora4j.models.text.jinja;

import dev.lora4j.NearMiss;
import java.util.Collection;
import java.util.List;

/** Suggestions for a mistyped name. */
final class Hints {
  private Hints() {}

  static String of(String name, Collection<String> valid) {
    List<String> near = NearMiss.nearest(name, valid);
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }
}
