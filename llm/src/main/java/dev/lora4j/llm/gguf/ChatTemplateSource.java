package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The source of a model's chat template, found as by transformers: {@code chat_template.jinja},
 * else {@code chat_template} in {@code tokenizer_config.json}, else {@code chat_template.json}.
 *
 * @param origin the file
 * @param text the template named {@code default}, or the only one
 * @param toolUse the template named {@code tool_use}, for conversations with tools
 */
public record ChatTemplateSource(Path origin, String text, Optional<String> toolUse) {
  static final String JINJA = "chat_template.jinja";
  static final String TOOL_USE_JINJA = "additional_chat_templates/tool_use.jinja";
  static final String JSON = "chat_template.json";
  private static final String KEY = "chat_template";

  /**
   * Returns the source, if the model has one.
   *
   * @throws UserError if there are named templates, but no default
   */
  public static Optional<ChatTemplateSource> in(ModelFiles files) {
    Optional<ChatTemplateSource> own =
        text(files, JINJA)
            .map(
                source ->
                    new ChatTemplateSource(
                        files.path().resolve(JINJA), source, text(files, TOOL_USE_JINJA)));
    return own.or(() -> in(files, "tokenizer_config.json")).or(() -> in(files, JSON));
  }

  private static Optional<String> text(ModelFiles files, String name) {
    return files.read(name).map(content -> new String(content, StandardCharsets.UTF_8));
  }

  /** A string, or a list of named templates. */
  private static Optional<ChatTemplateSource> in(ModelFiles files, String name) {
    Path origin = files.path().resolve(name);
    JsonNode template = files.json(name).json().path(KEY);
    if (template.isTextual()) {
      return Optional.of(new ChatTemplateSource(origin, template.asText(), Optional.empty()));
    }
    Map<String, String> named = new LinkedHashMap<>();
    template.forEach(one -> named.put(one.path("name").asText(), one.path("template").asText()));
    if (named.isEmpty()) {
      return Optional.empty();
    }
    String text = named.get("default");
    if (text == null) {
      throw new UserError(
          "%s: chat_template: expected a template named default, found %s; give one with --chat-template"
              .formatted(origin, String.join(", ", named.keySet())));
    }
    return Optional.of(
        new ChatTemplateSource(origin, text, Optional.ofNullable(named.get("tool_use"))));
  }
}
