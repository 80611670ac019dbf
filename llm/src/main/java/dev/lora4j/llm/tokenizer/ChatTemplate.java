package dev.lora4j.llm.tokenizer;

import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ChatTemplateSource;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.jinja.Template;
import dev.lora4j.llm.jinja.value.Rendering;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A chat template, rendered as by transformers' {@code apply_chat_template}. Templates are
 * untrusted: they can read only the values passed to them, and their running time and output are
 * bounded. Immutable.
 */
public final class ChatTemplate {
  private static final String UNNAMED = "the chat template";

  private final String source;
  private final Sources sources;
  private final Map<String, Object> variables;
  private final Optional<Message> system;

  /** The parsed templates, with the name of their file for error messages. */
  private record Sources(
      String name, Template plain, Optional<Template> toolUse, String toolUseText) {}

  private ChatTemplate(
      String source, Sources sources, Map<String, Object> variables, Optional<Message> system) {
    this.source = source;
    this.sources = sources;
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
    Sources sources = new Sources(UNNAMED, parsed(UNNAMED, source, clock), Optional.empty(), "");
    return of(source, sources, tokens);
  }

  private static ChatTemplate of(String source, Sources sources, Map<String, String> tokens) {
    Map<String, Object> variables = new HashMap<>(tokens);
    variables.put("tools", Optional.empty());
    variables.put("documents", Optional.empty());
    return new ChatTemplate(source, sources, Map.copyOf(variables), Optional.empty());
  }

  /**
   * Loads the template of a model: {@code chat_template.jinja}, else {@code chat_template} in
   * {@code tokenizer_config.json} or {@code chat_template.json}; empty for a model without one. If
   * there are several templates, {@code tool_use} renders conversations with tools, and {@code
   * default} all others.
   *
   * @param model a directory or GGUF file
   */
  public static Optional<ChatTemplate> load(Path model, SpecialTokens special) {
    return load(ModelFiles.at(model), special);
  }

  /** Loads the template of a model from its files. */
  public static Optional<ChatTemplate> load(ModelFiles files, SpecialTokens special) {
    return ChatTemplateSource.in(files).map(source -> of(source, special.texts()));
  }

  private static ChatTemplate of(ChatTemplateSource source, Map<String, String> tokens) {
    Clock clock = Clock.system(ZoneId.systemDefault());
    String name = UNNAMED + " " + source.origin();
    Sources sources =
        new Sources(
            name,
            parsed(name, source.text(), clock),
            source.toolUse().map(text -> parsed(name + " (tool_use)", text, clock)),
            source.toolUse().orElse(""));
    return of(source.text(), sources, tokens);
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
    return with(Map.of(name, value));
  }

  /** Copy with several variables; see {@link #with(String, Object)}. */
  public ChatTemplate with(Map<String, ?> values) {
    Map<String, Object> more = new HashMap<>(variables);
    more.putAll(values);
    return new ChatTemplate(source, sources, Map.copyOf(more), system);
  }

  /** Returns a copy that puts this system turn before conversations without one. */
  public ChatTemplate withSystem(String content) {
    return new ChatTemplate(source, sources, variables, Optional.of(Message.system(content)));
  }

  /** Renders a conversation. */
  public String render(List<Message> messages) {
    return rendering(messages, false).text();
  }

  /** Renders a conversation with the generation prompt. */
  public String prompt(List<Message> messages) {
    return rendering(messages, true).text();
  }

  /** Returns true if the source contains a text as a string literal, such as a role's name. */
  public boolean mentions(String text) {
    return source.contains("'" + text + "'") || source.contains('"' + text + '"');
  }

  /** Returns whether the source, or that for conversations with tools, contains a text. */
  public boolean contains(String text) {
    return source.contains(text) || sources.toolUseText().contains(text);
  }

  /** Returns whether a system turn is set. */
  public boolean hasSystem() {
    return system.isPresent();
  }

  /** Returns whether the template marks generated text with {@code {% generation %}}. */
  public boolean marksAnswers() {
    return chosen().marksGenerated();
  }

  public Rendering rendering(List<Message> messages, boolean generationPrompt) {
    Map<String, Object> all = new HashMap<>(variables);
    all.put("messages", withSystem(messages).stream().map(Message::fields).toList());
    all.put("add_generation_prompt", generationPrompt);
    try {
      return chosen().render(all);
    } catch (TemplateError e) {
      throw new UserError(sources.name() + " refuses the conversation: " + e.getMessage(), e);
    }
  }

  private Template chosen() {
    boolean tools = variables.get("tools") instanceof Collection<?>;
    return tools ? sources.toolUse().orElse(sources.plain()) : sources.plain();
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
