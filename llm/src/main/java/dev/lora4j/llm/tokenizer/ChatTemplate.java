package dev.lora4j.llm.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.jinja.Template;
import dev.lora4j.llm.jinja.value.Rendering;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A chat template, rendered as by transformers' {@code apply_chat_template}. Templates are
 * untrusted: one sees only the values that it is given, and its running time and output are
 * bounded. Immutable.
 */
public final class ChatTemplate {
  private final Template template;
  private final Map<String, Object> variables;
  private final Optional<Message> system;

  private ChatTemplate(Template template, Map<String, Object> variables, Optional<Message> system) {
    this.template = template;
    this.variables = variables;
    this.system = system;
  }

  /**
   * Parses a template.
   *
   * @param tokens the special tokens by name, such as {@code bos_token}
   * @throws UserError naming the line with the error
   */
  public static ChatTemplate of(String source, Map<String, String> tokens) {
    return of(source, tokens, Clock.system(ZoneId.systemDefault()));
  }

  static ChatTemplate of(String source, Map<String, String> tokens, Clock clock) {
    Map<String, Object> variables = new HashMap<>(tokens);
    variables.put("tools", Optional.empty());
    variables.put("documents", Optional.empty());
    return new ChatTemplate(
        parsed("the chat template", source, clock), Map.copyOf(variables), Optional.empty());
  }

  /**
   * Loads the template of a model: {@code chat_template.jinja}, else {@code chat_template} in
   * {@code tokenizer_config.json}; empty for a model without one.
   *
   * @param model a directory or GGUF file
   */
  public static Optional<ChatTemplate> load(Path model, SpecialTokens special) {
    return load(ModelFiles.at(model), special);
  }

  /** Loads the template of a model from its files. */
  public static Optional<ChatTemplate> load(ModelFiles files, SpecialTokens special) {
    return source(files).map(source -> of(source, special.texts()));
  }

  /** Returns the source of a model's template. */
  public static Optional<String> source(ModelFiles files) {
    Optional<String> own =
        files
            .read("chat_template.jinja")
            .map(content -> new String(content, StandardCharsets.UTF_8));
    JsonNode config = files.json("tokenizer_config.json").json();
    return own.or(() -> source(config.path("chat_template")));
  }

  /** A string, or a list of named templates, of which {@code default} is used. */
  private static Optional<String> source(JsonNode node) {
    if (node.isTextual()) {
      return Optional.of(node.asText());
    }
    for (JsonNode one : node) {
      if (one.path("name").asText().equals("default")) {
        return Optional.of(one.path("template").asText());
      }
    }
    return Optional.empty();
  }

  private static Template parsed(String what, String source, Clock clock) {
    try {
      return Template.parse(source, clock);
    } catch (TemplateError e) {
      throw new UserError(what + ": " + e.getMessage(), e);
    }
  }

  /**
   * Returns a copy with a variable, such as {@code enable_thinking}, {@code date_string} or {@code
   * tools}.
   *
   * @param value a string, boolean or number, or lists and maps of these
   */
  public ChatTemplate with(String name, Object value) {
    Map<String, Object> more = new HashMap<>(variables);
    more.put(name, value);
    return new ChatTemplate(template, Map.copyOf(more), system);
  }

  /** Returns a copy that puts this system turn before conversations without one. */
  public ChatTemplate withSystem(String content) {
    return new ChatTemplate(template, variables, Optional.of(Message.system(content)));
  }

  /** Renders a conversation. */
  public String render(List<Message> messages) {
    return rendering(messages, false).text();
  }

  /** Renders a conversation with the generation prompt. */
  public String prompt(List<Message> messages) {
    return rendering(messages, true).text();
  }

  /** Returns whether a system turn is set. */
  public boolean hasSystem() {
    return system.isPresent();
  }

  /** Returns whether the template marks generated text with {@code {% generation %}}. */
  public boolean marksAnswers() {
    return template.marksGenerated();
  }

  public Rendering rendering(List<Message> messages, boolean generationPrompt) {
    Map<String, Object> all = new HashMap<>(variables);
    all.put("messages", withSystem(messages).stream().map(Message::fields).toList());
    all.put("add_generation_prompt", generationPrompt);
    try {
      return template.render(all);
    } catch (TemplateError e) {
      throw new UserError("the chat template refuses the conversation: " + e.getMessage(), e);
    }
  }

  private List<Message> withSystem(List<Message> messages) {
    boolean begun = !messages.isEmpty() && messages.get(0).role().equals("system");
    if (system.isEmpty() || begun) {
      return messages;
    }
    List<Message> all = new ArrayList<>(List.of(system.get()));
    all.addAll(messages);
    return all;
  }
}
