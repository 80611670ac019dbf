package dev.lora4j.llm.train;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.train.EvalAndSavePolicy;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A value as version 0.1.0 recorded it in {@code run.json}: {@code Pissa[iterations=0]}. Runs of
 * that version still resume.
 */
final class FormerRecordText {
  private FormerRecordText() {}

  static String of(Object value) {
    if (!(value instanceof Record)) {
      return String.valueOf(value);
    }
    String name = value.getClass().getSimpleName();
    return (value instanceof EvalAndSavePolicy ? "Pace" : name)
        + Arrays.stream(value.getClass().getRecordComponents())
            .filter(component -> wasRecorded(value, component))
            .map(component -> component.getName() + "=" + of(read(value, component)))
            .collect(Collectors.joining(", ", "[", "]"));
  }

  /** LoRA was the only method, and was not recorded. */
  private static boolean wasRecorded(Object value, RecordComponent component) {
    return !(value instanceof LoraConfig config && config.isLora())
        || !component.getName().equals("method");
  }

  private static Object read(Object value, RecordComponent component) {
    try {
      return component.getAccessor().invoke(value);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }
}
