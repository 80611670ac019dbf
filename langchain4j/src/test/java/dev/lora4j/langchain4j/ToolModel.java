package dev.lora4j.langchain4j;

import dev.lora4j.llm.chat.SavedTextModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small random model with a short chat template for tools, whose calls have Qwen's format. */
final class ToolModel {
  private static final String TEMPLATE =
      """
      {%- if tools %}<|im_start|>system
      Tools:{% for tool in tools %} {{ tool.function.name }}{% endfor %}<|im_end|>
      {% endif %}
      {%- for message in messages %}<|im_start|>{{ message.role }}
      {{ message.content }}
      {%- for call in message.tool_calls or [] %}{% if not loop.first %}{{ '\\n' }}{% endif %}<tool_call>
      {"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
      </tool_call>
      {%- endfor %}<|im_end|>
      {% endfor %}
      {%- if add_generation_prompt %}<|im_start|>assistant
      {% endif %}""";

  private ToolModel() {}

  static Path in(Path directory) {
    Path model = SavedTextModel.plain(directory);
    try {
      Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
      Path config = model.resolve("config.json");
      Files.writeString(config, Files.readString(config).replace(": 192", ": 512"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return model;
  }
}
