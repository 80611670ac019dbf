package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * An uploaded file.
 *
 * @param createdAt in seconds since 1970
 * @param filename the client's name of it, never used as a path
 */
public record UploadedFile(String id, long bytes, long createdAt, String filename, String purpose) {

  /** OpenAI's file object. */
  public ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", "file")
        .put("bytes", bytes)
        .put("created_at", createdAt)
        .putNull("expires_at")
        .put("filename", filename)
        .put("purpose", purpose)
        .put("status", "processed")
        .putNull("status_details");
  }

  static UploadedFile of(JsonNode json) {
    return new UploadedFile(
        json.path("id").asText(),
        json.path("bytes").asLong(),
        json.path("created_at").asLong(),
        json.path("filename").asText(),
        json.path("purpose").asText());
  }
}
