package dev.lora4j.llm.gguf;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The files of a model with another chat template. */
record FilesWithTemplate(ModelFiles files, String template) implements ModelFiles {
  @Override
  public Path path() {
    return files.path();
  }

  @Override
  public Optional<byte[]> read(String name) {
    return switch (name) {
      case ChatTemplateSource.JINJA -> Optional.of(template.getBytes(StandardCharsets.UTF_8));
      case ChatTemplateSource.TOOL_USE_JINJA, ChatTemplateSource.JSON -> Optional.empty();
      default -> files.read(name);
    };
  }

  @Override
  public List<String> warnings() {
    return files.warnings();
  }

  @Override
  public Optional<GgufModel> openGguf() {
    return files.openGguf();
  }
}
