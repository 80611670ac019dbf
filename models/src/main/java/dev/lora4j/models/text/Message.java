package dev.lora4j.models.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A turn of a conversation.
 *
 * @param fields what a chat template can look into: {@code role}, {@code content}, and whatever
 *     else the data has, such as {@code tool_calls}; values as JSON has them
 */
public record Message(Map<String, ?> fields) {
  private static final String ROLE = "role";
  private static final String CONTENT = "content";

  public Message {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    if (!(fields.get(ROLE) instanceof String)) {
      throw new IllegalArgumentException("a message needs a role, a string: " + fields);
    }
  }

  /** A turn of a role. */
  public static Message of(String role, String content) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put(ROLE, role);
    fields.put(CONTENT, content);
    return new Message(fields);
  }

  /** What the model should be. */
  public static Message system(String content) {
    return of("system", content);
  }

  /** What is asked. */
  public static Message user(String content) {
    return of("user", content);
  }

  /** What the model answers. */
  public static Message assistant(String content) {
    return of("assistant", content);
  }

  /** Who speaks. */
  public String role() {
    return String.valueOf(fields.get(ROLE));
  }

  /** Whether the model speaks. */
  public boolean fromAssistant() {
    return role().equals("assistant");
  }
}
