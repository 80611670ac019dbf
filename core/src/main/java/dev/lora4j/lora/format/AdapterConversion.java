package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.io.Unreadable;
import dev.lora4j.nn.runtime.Engine;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Converts an adapter between file formats. Its delta stays the same up to rounding; an adapter
 * that the new format can't express is refused.
 *
 * <pre>{@code
 * AdapterConversion.of(Path.of("my-adapter")).writtenAs(DType.F16).to(MLX, Path.of("for-mlx"));
 * }</pre>
 *
 * @param from the adapter: a PEFT or mlx-lm directory, or a GGUF file
 * @param base a Hugging Face directory with a {@code config.json}, or a GGUF file; only GGUF needs
 *     it
 * @param dtype the dtype to write; empty keeps each tensor's dtype
 */
public record AdapterConversion(Path from, Optional<Path> base, Optional<DType> dtype) {

  /**
   * The result of a conversion.
   *
   * @param from the format read
   * @param to the format written
   * @param layers the number of adapted layers
   * @param numbers the number of parameters
   * @param bytes the total file size
   */
  public record Summary(AdapterKind from, AdapterKind to, int layers, long numbers, long bytes) {}

  /** Returns a conversion without a base that keeps dtypes. */
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
   * @param out a path that does not exist yet; the output appears complete or not at all
   * @throws UserError if the format can't express the adapter or has no name for its layers
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public Summary to(AdapterKind kind, Path out) {
    requireFree(kind, out);
    AdapterKind source = AdapterKind.at(from);
    Engine.start();
    try (PointerScope scope = new PointerScope()) {
      StoredAdapter adapter = read(source).requireFinite(from);
      adapter.requireRanks(from.toString());
      requireOwnRanks(adapter);
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

  /** Refuses a config of another adapter: no tool could load the result. */
  private void requireOwnRanks(StoredAdapter adapter) {
    List<String> wrong = adapter.wrongRanks();
    if (!wrong.isEmpty()) {
      throw new UserError(
          "%s: %d lora_A matrices have another rank than %s: %s"
              .formatted(from, wrong.size(), PeftAdapter.CONFIG, wrong.get(0)));
    }
  }

  private static void requireFree(AdapterKind kind, Path out) {
    boolean toDirectory = !kind.isFile();
    if (toDirectory && AdapterKind.byName(out).isFile()) {
      throw new UserError(
          "%s is the name of a GGUF file, but %s writes a directory; choose another name or format"
              .formatted(out, kind.word()));
    }
    if (toDirectory) {
      AtomicDirectory.requireFree(out);
    } else if (Files.exists(out)) {
      throw new UserError(
          "cannot write " + out + ": it already exists; choose another path or delete it first");
    }
  }

  private StoredAdapter read(AdapterKind source) {
    if (source == AdapterKind.GGUF) {
      String name = GgufAdapter.architectureOf(from);
      return GgufAdapter.read(
          from, base.map(GgufArchitecture::ofBase).orElseGet(() -> named(name)));
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
    return base.map(GgufArchitecture::ofBase)
        .orElseThrow(
            () ->
                new UserError(
                    "a GGUF file names its architecture; give the base (--model), a"
                        + " directory with a config.json or a GGUF file"));
  }

  private void write(StoredAdapter adapter, AdapterKind kind, Path directory) {
    if (kind == AdapterKind.MLX) {
      MlxAdapter.write(adapter, directory, dtype);
    } else {
      PeftAdapter.write(dtype.map(adapter::to).orElse(adapter), directory);
    }
  }

  private static long bytes(Path out) {
    try (Stream<Path> files = Files.walk(out)) {
      return files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
    } catch (IOException e) {
      throw Unreadable.because(out, e);
    }
  }
}
