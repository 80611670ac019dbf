package dev.lora4j.llm.tokenizer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A turn of a conversation.
 *
 * @param fields the values that a chat template can read: {@code role}, {@code content}, and others
 *     such as {@code tool_calls}; values as in JSON
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

  /** A turn with a role. */
  public static Message of(String role, String content) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put(ROLE, role);
    fields.put(CONTENT, content);
    return new Message(fields);
  }

  /** A system turn. */
  public static Message system(String content) {
    return of("system", content);
  }

  /** A user turn. */
  public static Message user(String content) {
    return of("user", content);
  }

  /** An assistant turn. */
  public static Message assistant(String content) {
    return of("assistant", content);
  }

  /** Returns the role. */
  public String role() {
    return String.valueOf(fields.get(ROLE));
  }

  /** Returns whether the role is {@code assistant}. */
  public boolean fromAssistant() {
    return role().equals("assistant");
  }

  /**
   * Returns false for an answer with {@code weight} 0 or {@code train} false, excluded from the
   * loss.
   */
  public boolean trainable() {
    return !(fields.get("weight") instanceof Number weight && weight.doubleValue() == 0)
        && !Boolean.FALSE.equals(fields.get("train"));
  }

  /** Returns whether it has neither text nor other content, such as a tool call. */
  public boolean isEmpty() {
    return fields.get(CONTENT) instanceof String text
        && text.isBlank()
        && Set.of(ROLE, CONTENT, "name", "weight", "train").containsAll(fields.keySet());
  }
}
