package dev.lora4j.llm.dataset.message;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The roles of a conversation: those of chat templates, and the names that data sets use. */
public final class ChatRoles {
  /** The role of a turn that calls a function, with the call as its content. */
  static final String FUNCTION_CALL = "function_call";

  private static final List<String> ROLES = List.of("system", "user", "assistant", "tool");
  private static final Map<String, String> OTHER_NAMES =
      Map.of(
          "developer",
          "system",
          "human",
          "user",
          "gpt",
          "assistant",
          "chatgpt",
          "assistant",
          "bot",
          "assistant",
          "model",
          "assistant",
          FUNCTION_CALL,
          "assistant",
          "function",
          "tool",
          "observation",
          "tool");

  private ChatRoles() {}

  /** Returns the role of an alias; other names are returned unchanged. */
  public static String of(String name) {
    return OTHER_NAMES.getOrDefault(name, name);
  }

  /**
   * Checks a role.
   *
   * @throws UserError if neither the field nor the template knows it
   */
  public static void check(Message message, ChatTemplate template) {
    String role = message.role();
    if (!ROLES.contains(role) && !template.mentions(role)) {
      Set<String> known = new TreeSet<>(ROLES);
      known.addAll(OTHER_NAMES.keySet());
      throw new UserError(
          "no role '%s'%s; known are %s"
              .formatted(role, NearMiss.hint(role, known), String.join(", ", known)));
    }
  }
}
