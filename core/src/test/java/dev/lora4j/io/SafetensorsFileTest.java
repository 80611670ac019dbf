package dev.lora4j.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
  private final Path dir;

  SafetensorsFileTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void readsTheBytesOfEachTensor() throws IOException {
    Path path = sample();

    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(path)) {
      Tensor a = file.read("a");
      assertThat(a.shape()).containsExactly(2);
      assertThat(a.select(0, 0).item_float()).isEqualTo(1.5f);
      assertThat(a.select(0, 1).item_float()).isEqualTo(-2f);
      assertThat(file.read("empty").numel()).isZero();
    }
  }

  @Test
  void tensorOutlivesTheFile() throws IOException {
    try (PointerScope scope = new PointerScope()) {
      Tensor a;
      try (SafetensorsFile file = SafetensorsFile.open(sample())) {
        a = file.read("a");
      }
      assertThat(a.select(0, 0).item_float()).isEqualTo(1.5f);
    }
  }

  @Test
  void unknownNameGetsAHint() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(sample())) {
      assertThatThrownBy(() -> file.info("emty"))
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining("key emty: not among the tensors; did you mean empty?");
    }
  }

  @Test
  void shrunkenFileIsReported() throws IOException {
    Path path = sample();
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(path)) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(channel.size() - 3);
      }
      assertThatThrownBy(() -> file.read("a"))
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining("key a: expected 8 bytes, found 5");
    }
  }

  @Test
  void missingFileIsAUserError() {
    assertThatThrownBy(() -> SafetensorsFile.open(dir.resolve("none")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no such file");
    assertThatThrownBy(() -> SafetensorsFile.open(dir))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("found a directory");
  }

  @Test
  void writesToAMappedTensorDoNotReachTheFile() throws IOException {
    Path path = floats(0);
    byte[] before = Files.readAllBytes(path);
    try (PointerScope scope = new PointerScope()) {
      Tensor a;
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        a = file.map("a").orElseThrow();
      }
      assertThat(a.shape()).containsExactly(2, 1);
      assertThat(a.select(0, 1).item_float()).isEqualTo(-2f);
      a.zero_();
      assertThat(a.select(0, 1).item_float()).isZero();
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
  }

  @Test
  void misalignedTensorIsNotMapped() throws IOException {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(floats(1))) {
      assertThat(file.map("a")).isEmpty();
      assertThat(file.read("a").select(0, 0).item_float()).isEqualTo(1.5f);
    }
  }

  /** Writes two floats whose data starts the given number of bytes after a multiple of eight. */
  private Path floats(int askew) throws IOException {
    String json =
        """
        {"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}\
        """;
    Path path = dir.resolve("floats.safetensors");
    Files.write(path, header(json + " ".repeat(8 - json.length() % 8 + askew)));
    ByteBuffer data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    data.putFloat(1.5f).putFloat(-2f);
    Files.write(path, data.array(), StandardOpenOption.APPEND);
    return path;
  }

  /** The file of 2.5 GB is sparse, so that it takes neither disk nor time. */
  @Test
  void readsBeyondTwoGigabytes() throws IOException {
    Path path = dir.resolve("large.safetensors");
    long large = 2_500_000_000L;
    String json =
        """
        {"big":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]},\
        "last":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}}\
        """
            .formatted(large, large, large, large + 4);
    Files.write(path, header(json));
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.write(
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 7f),
          8 + json.length() + large);
    }

    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.read("last").item_float()).isEqualTo(7f);
    }
  }

  /** Commands that only read headers start fast because no class of libtorch is loaded. */
  @Test
  void headerIsReadWithoutLibtorch() throws Exception {
    String withoutTorch =
        Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1))
            .filter(entry -> !entry.contains("bytedeco"))
            .collect(Collectors.joining(java.io.File.pathSeparator));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                withoutTorch,
                PrintHeader.class.getName(),
                sample().toString())
            .redirectErrorStream(true)
            .start();

    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8).strip())
        .isEqualTo("{empty=[0, 3], a=[2]}");
  }

  static final class PrintHeader {
    public static void main(String[] args) {
      try (SafetensorsFile file = SafetensorsFile.open(Path.of(args[0]))) {
        java.util.Map<String, Object> shapes = new java.util.LinkedHashMap<>();
        file.infos().forEach((name, info) -> shapes.put(name, info.shape()));
        System.out.println(shapes);
      }
    }
  }

  private Path sample() throws IOException {
    String json =
        """
        {"empty":{"dtype":"I64","shape":[0,3],"data_offsets":[0,0]},\
        "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}\
        """;
    Path path = dir.resolve("sample.safetensors");
    Files.write(path, header(json));
    ByteBuffer data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    data.putFloat(1.5f).putFloat(-2f);
    Files.write(path, data.array(), StandardOpenOption.APPEND);
    return path;
  }

  private static byte[] header(String json) {
    byte[] text = json.getBytes(UTF_8);
    return ByteBuffer.allocate(8 + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }
}
