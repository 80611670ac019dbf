package dev.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.lora.format.AdapterSummary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Checks that a reader either reads a file or reports its damage: without any other exception, and
 * within bounds of memory and time that follow from the file's size.
 */
final class ReaderCheck implements AutoCloseable {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final long ALLOWED_AT_LEAST = 4 << 20; // buffers, messages, stack traces
  private static final long ALLOWED_PER_BYTE = 256; // objects for values of one byte in the file
  private static final long ALLOWED_IN_TENSORS = 8; // F32 from four bits and a scale

  private static final Duration ALLOWED_TIME = Duration.ofSeconds(10); // of processor time

  private final Path directory;

  /** Creates a directory for the files and loads all classes and libraries. */
  ReaderCheck() {
    try {
      directory = Files.createTempDirectory("damaged");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (PointerScope scope = new PointerScope();
        TensorFile warm = SafetensorsFile.open(Fixture.path("gguf/adapter.safetensors"))) {
      warm.names().forEach(warm::read);
    }
  }

  /** Reads every tensor of a file with this content. */
  void tensors(Function<Path, TensorFile> opener, byte[] bytes) throws IOException {
    Path path = Files.write(directory.resolve("file"), bytes);
    bound(bytes.length, () -> readTensors(opener, path, bytes.length));
  }

  private static void readTensors(Function<Path, TensorFile> opener, Path path, long fileBytes) {
    try (PointerScope scope = new PointerScope();
        TensorFile file = opener.apply(path)) {
      for (String name : file.names()) {
        try (Tensor tensor = file.read(name)) {
          assertThat(tensor.nbytes()).isLessThanOrEqualTo(ALLOWED_IN_TENSORS * fileBytes);
          file.map(name)
              .ifPresent(mapped -> assertThat(mapped.nbytes()).isEqualTo(tensor.nbytes()));
        }
      }
    } catch (CorruptFile | UserError told) {
      assertThat(told.getMessage()).startsWith(path + ": ");
    }
  }

  /**
   * Reads an adapter's config with this content.
   *
   * @param weights the adapter's weights file
   * @param named the name of the weights file
   */
  void config(byte[] bytes, Path weights, String named) throws IOException {
    Path copy = directory.resolve(named);
    if (Files.notExists(copy)) {
      Files.copy(weights, copy);
    }
    Files.write(directory.resolve("adapter_config.json"), bytes);
    bound(bytes.length, () -> readConfig(directory));
  }

  private static void readConfig(Path directory) {
    try {
      assertThat(AdapterSummary.read(directory).targets()).isNotNull();
    } catch (CorruptFile | UserError told) {
      assertThat(told.getMessage()).contains(directory.toString());
    }
  }

  /**
   * Bounds memory and time. A second reading excludes what the first one loads permanently, such as
   * classes.
   */
  private static void bound(long fileBytes, Runnable reading) {
    long allowed = ALLOWED_AT_LEAST + ALLOWED_PER_BYTE * fileBytes;
    if (allocatedBy(reading) > allowed) {
      assertThat(allocatedBy(reading)).isLessThanOrEqualTo(allowed);
    }
  }

  private static long allocatedBy(Runnable reading) {
    long before = allocated();
    long start = THREADS.getCurrentThreadCpuTime();
    reading.run();
    assertThat(Duration.ofNanos(THREADS.getCurrentThreadCpuTime() - start))
        .isLessThan(ALLOWED_TIME);
    return allocated() - before;
  }

  /** Returns the heap bytes that this thread has allocated so far. */
  private static long allocated() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
