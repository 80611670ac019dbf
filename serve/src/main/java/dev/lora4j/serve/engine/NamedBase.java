package dev.lora4j.serve.engine;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.format.PeftAdapter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/** The base model that an adapter's config names. */
public final class NamedBase {
  private NamedBase() {}

  /**
   * Returns the base models in the order in which an adapter tries them: those of the name in its
   * config first.
   */
  public static <T> List<T> first(Collection<T> bases, Function<T, String> name, Path adapter) {
    String named = lastPart(of(adapter));
    return bases.stream()
        .sorted(Comparator.comparing(base -> !lastPart(name.apply(base)).equalsIgnoreCase(named)))
        .toList();
  }

  private static String of(Path adapter) {
    Path config = adapter.resolve(PeftAdapter.CONFIG);
    return Files.isRegularFile(config)
        ? JsonDocument.read(config).text("base_model_name_or_path", "")
        : "";
  }

  /** {@code SmolLM2} of {@code HuggingFaceTB/SmolLM2} and of {@code /models/SmolLM2}. */
  private static String lastPart(String name) {
    return name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  }
}
