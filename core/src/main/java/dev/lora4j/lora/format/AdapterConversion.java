package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Carries an adapter from one kind of files into another. What it does to its base stays the same
 * but for rounding; what the new kind can't say is refused.
 *
 * <pre>{@code
 * AdapterConversion.of(Path.of("my-adapter")).writtenAs(DType.F16).to(MLX, Path.of("for-mlx"));
 * }</pre>
 *
 * @param from the adapter: a directory of PEFT's or mlx-lm's, or a GGUF file
 * @param base a Hugging Face directory, of which {@code config.json} is read; only GGUF needs it
 * @param dtype the format of all numbers; empty leaves each as it is
 */
public record AdapterConversion(Path from, Optional<Path> base, Optional<DType> dtype) {

  /**
   * What was written.
   *
   * @param from the kind that was read
   * @param to the kind that was written
   * @param layers how many layers the adapter adapts
   * @param numbers how many numbers it has
   * @param bytes the size of all files
   */
  public record Summary(AdapterKind from, AdapterKind to, int layers, long numbers, long bytes) {}

  /** Without a base, numbers as they are. */
  public static AdapterConversion of(Path from) {
    return new AdapterConversion(from, Optional.empty(), Optional.empty());
  }

  public AdapterConversion withBase(Path base) {
    return new AdapterConversion(from, Optional.of(base), dtype);
  }

  public AdapterConversion writtenAs(DType dtype) {
    return new AdapterConversion(from, base, Optional.of(dtype));
  }

  /**
   * Converts the adapter.
   *
   * @param out a place where nothing is yet; what is written appears whole or not at all
   * @throws UserError if the kind can't say what the adapter is, or has no word for its layers
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public Summary to(AdapterKind kind, Path out) {
    requireFree(kind, out);
    AdapterKind source = AdapterKind.at(from);
    Engine.start();
    try (PointerScope scope = new PointerScope()) {
      StoredAdapter adapter = read(source);
      if (kind.isFile()) {
        GgufAdapter.write(adapter, architecture(), out, dtype);
      } else {
        AtomicDirectory.write(out, directory -> write(adapter, kind, directory));
      }
      return new Summary(
          source,
          kind,
          adapter.paths().size(),
          adapter.tensors().values().stream().mapToLong(Tensor::numel).sum(),
          bytes(out));
    }
  }

  private static void requireFree(AdapterKind kind, Path out) {
    boolean toDirectory = !kind.isFile();
    if (toDirectory && AdapterKind.byName(out).isFile()) {
      throw new UserError(
          "%s is the name of a GGUF file, and %s is a directory; choose another name or kind"
              .formatted(out, kind.word()));
    }
    if (toDirectory) {
      AtomicDirectory.requireFree(out);
    } else if (Files.exists(out)) {
      throw new UserError(
          "cannot write " + out + ": it is there already; choose another place or delete it first");
    }
  }

  private StoredAdapter read(AdapterKind source) {
    if (source == AdapterKind.GGUF) {
      String name = GgufAdapter.architectureOf(from);
      return GgufAdapter.read(
          from, base.map(GgufArchitecture::ofCheckpoint).orElseGet(() -> named(name)));
    }
    return StoredAdapter.read(from);
  }

  private GgufArchitecture named(String name) {
    try {
      return GgufArchitecture.named(name);
    } catch (UserError e) {
      throw new UserError(from + ": " + e.getMessage(), e);
    }
  }

  private GgufArchitecture architecture() {
    return base.map(GgufArchitecture::ofCheckpoint)
        .orElseThrow(
            () ->
                new UserError(
                    "a GGUF file says for which kind of network it is; give the base (--model), a"
                        + " directory with a config.json"));
  }

  private void write(StoredAdapter adapter, AdapterKind kind, Path directory) {
    if (kind == AdapterKind.MLX) {
      MlxAdapter.write(adapter, directory, dtype);
    } else {
      PeftAdapter.write(dtype.map(adapter::to).orElse(adapter), directory);
    }
  }

  private static long bytes(Path out) {
    try (var files = Files.walk(out)) {
      return files.filter(Files::isRegularFile).mapToLong(AdapterConversion::size).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
