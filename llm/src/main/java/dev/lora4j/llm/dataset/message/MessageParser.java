package dev.lora4j.llm.dataset.message;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Parses messages: {@code role} and {@code content}, or ShareGPT's {@code from} and {@code value}.
 * Roles get the names of chat templates, text parts become one text, and the arguments of tool
 * calls become objects.
 */
public final class MessageParser {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ROLE = "role";
  private static final String CONTENT = "content";
  private static final String CALLS = "tool_calls";
  private static final String LEGACY_CALL = "function_call";

  private final Set<String> notes = new TreeSet<>();

  /** Returns notes on names that were read as others, such as {@code role human as user}. */
  public Set<String> notes() {
    return Set.copyOf(notes);
  }

  /**
   * Parses a list of messages.
   *
   * @param field the name of the list, for messages
   * @throws UserError naming the message and its field
   */
  public List<Message> messages(String field, JsonNode list) {
    if (!list.isArray() || list.isEmpty()) {
      throw new UserError(field + ": expected a list of messages, each with role and content");
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : list) {
      messages.add(message(field + "[" + messages.size() + "]", message));
    }
    return messages;
  }

  private Message message(String where, JsonNode message) {
    if (!message.isObject()) {
      throw new UserError(where + ": expected an object with role and content");
    }
    Map<String, Object> fields = JSON.convertValue(message, new TypeReference<>() {});
    rename(fields, "from", ROLE);
    rename(fields, "value", CONTENT);
    if (!(fields.get(ROLE) instanceof String name)) {
      throw new UserError(where + ": no field role" + NearMiss.hint(ROLE, fields.keySet()));
    }
    fields.entrySet().removeIf(e -> e.getValue() == null && !e.getKey().equals(CONTENT));
    fields.put(ROLE, role(name));
    checkLossFields(where, fields);
    ToolCalls calls = new ToolCalls(where);
    if (name.equals(ChatRoles.FUNCTION_CALL)) {
      fields.put(CALLS, calls.ofText(fields.get(CONTENT)));
      fields.put(CONTENT, "");
    } else if (fields.containsKey(LEGACY_CALL)) {
      fields.put(CALLS, calls.ofLegacy(Objects.requireNonNull(fields.remove(LEGACY_CALL))));
    } else if (fields.containsKey(CALLS)) {
      fields.put(CALLS, calls.of(Objects.requireNonNull(fields.get(CALLS))));
    }
    return new Message(withText(where, fields));
  }

  private static void rename(Map<String, Object> fields, String name, String known) {
    if (fields.containsKey(name) && !fields.containsKey(known)) {
      Map<String, Object> before = new LinkedHashMap<>(fields);
      fields.clear();
      before.forEach((field, value) -> fields.put(field.equals(name) ? known : field, value));
    }
  }

  private String role(String name) {
    String role = ChatRoles.of(name);
    if (!role.equals(name)) {
      notes.add("role " + name + " as " + role);
    }
    return role;
  }

  private static void checkLossFields(String where, Map<String, Object> fields) {
    Object weight = fields.getOrDefault("weight", 1);
    boolean zeroOrOne =
        weight instanceof Number number && (number.doubleValue() == 0 || number.doubleValue() == 1);
    if (!zeroOrOne) {
      throw new UserError(where + ".weight: expected 0 or 1, found " + weight);
    }
    Object train = fields.getOrDefault("train", true);
    if (!(train instanceof Boolean)) {
      throw new UserError(where + ".train: expected true or false, found " + train);
    }
  }

  private static Map<String, Object> withText(String where, Map<String, Object> fields) {
    boolean calls = fields.get(CALLS) instanceof List<?> list && !list.isEmpty();
    if (!calls && !fields.containsKey(CONTENT)) {
      throw new UserError(where + ": no field content" + NearMiss.hint(CONTENT, fields.keySet()));
    }
    Object content = fields.get(CONTENT);
    if (content == null && !calls) {
      throw new UserError(where + ".content is null; expected a text");
    }
    if (content instanceof List<?> parts) {
      fields.put(CONTENT, text(where, parts));
    } else if (content != null && !(content instanceof String)) {
      throw new UserError(where + ".content: expected a text, found " + content);
    }
    return fields;
  }

  private static String text(String where, List<?> parts) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      Object part = parts.get(i);
      if (part instanceof Map<?, ?> typed
          && "text".equals(typed.get("type"))
          && typed.get("text") instanceof String own) {
        text.append(own);
      } else {
        Object type = part instanceof Map<?, ?> typed ? typed.get("type") : part;
        throw new UserError(
            "%s.content[%d]: expected a part of type text, found %s; the model reads text only"
                .formatted(where, i, type));
      }
    }
    return text.toString();
  }
}
