package dev.lora4j.cli.embed;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A file of embeddings, whose format its name ends with: jsonl, npy or parquet. */
public record EmbeddingFile(Path path) {
  private static final List<String> ENDINGS = List.of("jsonl", "npy", "parquet");

  public EmbeddingFile {
    if (!ENDINGS.contains(ending(path))) {
      throw new UserError(
          "--output %s: expected a name ending in .jsonl, .npy or .parquet%s"
              .formatted(path, NearMiss.suggestion(ending(path), ENDINGS)));
    }
  }

  private static String ending(Path path) {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Writes embeddings to a sink. */
  @FunctionalInterface
  public interface Content {
    void writeTo(EmbeddingSink sink) throws IOException;
  }

  /**
   * Writes the file, which appears when it is complete.
   *
   * @param texts number of texts
   * @throws UserError when the disk refuses
   */
  public void write(long texts, int dimensions, Content content) {
    AtomicFile.writeByName(
        path,
        temporary -> {
          if (ending(path).equals("parquet")) {
            fill(new ParquetTable(temporary), content);
            return;
          }
          try (OutputStream out = Files.newOutputStream(temporary)) {
            fill(
                ending(path).equals("npy")
                    ? new NpyMatrix(out, texts, dimensions)
                    : new JsonLines(out),
                content);
          }
        });
  }

  private static void fill(EmbeddingSink opened, Content content) throws IOException {
    try (EmbeddingSink sink = opened) {
      content.writeTo(sink);
      sink.finish();
    }
  }
}
