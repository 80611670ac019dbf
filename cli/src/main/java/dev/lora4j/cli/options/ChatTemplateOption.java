package dev.lora4j.cli.options;

import dev.lora4j.llm.gguf.ModelFiles;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The chat template to use instead of the model's own. */
public final class ChatTemplateOption {
  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description = "Jinja chat template (default: the adapter's, else the model's own).")
  private @Nullable Path file;

  public Optional<Path> file() {
    return Optional.ofNullable(file);
  }

  /** Returns the files of a model, with this template if one is given. */
  public ModelFiles files(Path model) {
    ModelFiles files = ModelFiles.at(model);
    return file == null ? files : files.withChatTemplate(file);
  }
}
