package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * An event of a job, before it has an id.
 *
 * @param data of an event of type {@code metrics}; empty for a message
 */
record JobEvent(String level, String message, ObjectNode data) {
  private static final int MAX_CHARACTERS = 8_192;

  static JobEvent info(String message) {
    return new JobEvent("info", message, JsonNodeFactory.instance.objectNode());
  }

  static JobEvent warn(String message) {
    return new JobEvent("warn", message, JsonNodeFactory.instance.objectNode());
  }

  static JobEvent error(String message) {
    return new JobEvent("error", message, JsonNodeFactory.instance.objectNode());
  }

  static JobEvent metrics(String message, ObjectNode data) {
    return new JobEvent("info", message, data);
  }

  /** OpenAI's event object. */
  ObjectNode json() {
    String shown =
        message.length() > MAX_CHARACTERS ? message.substring(0, MAX_CHARACTERS) + "…" : message;
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("id", RandomIds.next("ftevent-"))
            .put("object", "fine_tuning.job.event")
            .put("created_at", FineTuningJobs.now())
            .put("level", level)
            .put("message", shown)
            .put("type", data.isEmpty() ? "message" : "metrics");
    json.set("data", data);
    return json;
  }
}
