package dev.lora4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The settings of a run that a resumed run must share, as {@code run.json} records them.
 *
 * @param json the settings by name
 * @param formerTexts the text of those that version 0.1.0 recorded as the text of a Java record
 */
public record RunSettings(ObjectNode json, Map<String, String> formerTexts) {
  public RunSettings {
    formerTexts = Map.copyOf(formerTexts);
  }

  /** Adds the intervals of evaluations and checkpoints and the patience to a run's settings. */
  public static void putPace(ObjectNode json, EvalAndSavePolicy pace) {
    json.putObject("pace")
        .put("eval_steps", pace.evaluateEvery())
        .put("save_steps", pace.checkpointEvery())
        .put("early_stopping_patience", pace.patience());
  }

  /** Returns a line for each setting that differs from those recorded at the start of a run. */
  List<String> differences(JsonNode recorded) {
    List<String> differences = new ArrayList<>();
    json.properties()
        .forEach(
            setting -> {
              String name = setting.getKey();
              JsonNode before = recorded.path(name);
              if (before.isTextual() && formerTexts.containsKey(name)) {
                addDifference(
                    differences, name, before.asText(), formerTexts.getOrDefault(name, ""));
              } else {
                compare(differences, name, before, setting.getValue());
              }
            });
    return differences;
  }

  private static void compare(List<String> differences, String name, JsonNode was, JsonNode now) {
    if (was.isObject() && now.isObject()) {
      TreeSet<String> keys = new TreeSet<>();
      was.fieldNames().forEachRemaining(keys::add);
      now.fieldNames().forEachRemaining(keys::add);
      keys.forEach(key -> compare(differences, name + "." + key, was.path(key), now.path(key)));
    } else {
      addDifference(differences, name, text(was), text(now));
    }
  }

  private static String text(JsonNode value) {
    return value.isMissingNode() || value.isNull()
        ? "none"
        : value.isValueNode() ? value.asText() : value.toString();
  }

  private static void addDifference(List<String> list, String name, String was, String now) {
    if (!was.equals(now) && !isSameNumber(was, now)) {
      list.add("%s: was %s, is now %s".formatted(name, was, now));
    }
  }

  private static boolean isSameNumber(String one, String other) {
    try {
      return new BigDecimal(one).compareTo(new BigDecimal(other)) == 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
