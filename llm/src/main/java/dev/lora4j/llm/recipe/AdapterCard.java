package dev.lora4j.llm.recipe;

import dev.lora4j.io.AtomicFile;
import dev.lora4j.llm.weights.Quantization;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The {@code README.md} of an adapter, with the header that the Hub reads, as PEFT writes it: the
 * base, and how it was quantised while the adapter was trained.
 *
 * @param model the base as given by the user
 * @param storage how the base's matrices were kept in memory
 * @param quantized the quantisation while loading, if any
 */
record AdapterCard(String model, List<String> storage, Optional<Quantization> quantized) {
  static final String FILE = "README.md";

  void write(Path directory) {
    AtomicFile.write(directory.resolve(FILE), text().getBytes(StandardCharsets.UTF_8));
  }

  private String text() {
    String name = model.replace("\\", "\\\\").replace("\"", "\\\"");
    return """
        ---
        base_model: "%s"
        library_name: peft
        tags:
        - "base_model:adapter:%s"
        - lora
        - lora4j
        ---

        # LoRA adapter

        An adapter of `%s`, in PEFT's format.

        The base was in %s while the adapter was trained%s.
        """
        .formatted(name, name, model, String.join(", ", storage), how());
  }

  private String how() {
    return quantized
        .map(to -> "; its matrices were quantised to " + to.describe() + " when it was loaded")
        .orElse("");
  }
}
