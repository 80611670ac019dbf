package dev.lora4j.serve.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** OpenAI's error object; all four fields are always present. */
public record ErrorBody(
    String message, String type, @Nullable String param, @Nullable String code) {

  public ObjectNode json() {
    ObjectNode outer = Json.object();
    outer
        .putObject("error")
        .put("message", message)
        .put("type", type)
        .put("param", param)
        .put("code", code);
    return outer;
  }
}
