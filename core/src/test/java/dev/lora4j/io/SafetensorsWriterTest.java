package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  record Spec(DType dtype, List<Integer> shape, long seed) {}

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void savedFileIsLoaded(
      @ForAll("specs") Map<String, Spec> specs, @ForAll Map<String, String> metadata)
      throws IOException {
    Path path = Files.createTempFile("written", ".safetensors");
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      specs.forEach((name, spec) -> tensors.put(name, tensor(spec)));

      SafetensorsWriter.write(path, tensors, metadata);

      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        assertThat(file.metadata()).isEqualTo(metadata);
        assertThat(file.names()).isEqualTo(tensors.keySet());
        specs.forEach((name, spec) -> assertThat(file.info(name).dtype()).isEqualTo(spec.dtype()));
        tensors.forEach(
            (name, tensor) -> {
              assertThat(file.read(name).shape()).isEqualTo(tensor.shape());
              assertThat(bytes(file.read(name))).isEqualTo(bytes(tensor));
            });
      }
    } finally {
      Files.delete(path);
    }
  }

  @Provide
  Arbitrary<Map<String, Spec>> specs() {
    Arbitrary<Spec> spec =
        Combinators.combine(
                Arbitraries.of(DType.class),
                Arbitraries.integers().between(0, 5).list().ofMaxSize(4),
                Arbitraries.longs())
            .as(Spec::new);
    Arbitrary<String> name = Arbitraries.strings().ofMaxLength(12).filter(s -> !s.startsWith("_"));
    return Arbitraries.maps(name.filter(SafetensorsWriterTest::isText), spec).ofMaxSize(6);
  }

  /** A lone half of a surrogate pair has no UTF-8. */
  private static boolean isText(String s) {
    return s.chars().noneMatch(c -> Character.isSurrogate((char) c));
  }

  @Test
  void orderOfTheMapDoesNotMatterAndTheDataIsAligned(@TempDir Path dir) throws IOException {
    try (PointerScope scope = new PointerScope()) {
      Tensor bytes = tensor(new Spec(DType.U8, List.of(3), 1));
      Tensor doubles = tensor(new Spec(DType.F64, List.of(2), 2));
      Map<String, Tensor> one = new LinkedHashMap<>(Map.of("a", bytes));
      one.put("z", doubles);
      Map<String, Tensor> other = new LinkedHashMap<>(Map.of("z", doubles));
      other.put("a", bytes);

      SafetensorsWriter.write(dir.resolve("1"), one, new TreeMap<>(Map.of("k", "v", "l", "w")));
      SafetensorsWriter.write(dir.resolve("2"), other, Map.of("l", "w", "k", "v"));

      byte[] file = Files.readAllBytes(dir.resolve("1"));
      assertThat(file).isEqualTo(Files.readAllBytes(dir.resolve("2")));
      assertThat(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
      try (SafetensorsFile read = SafetensorsFile.open(dir.resolve("1"))) {
        assertThat(read.names()).containsExactly("z", "a");
      }
    }
  }

  @Test
  void viewIsWrittenWithItsOwnElements(@TempDir Path dir) {
    try (PointerScope scope = new PointerScope()) {
      Tensor transposed = torch.randn(3, 4).set_requires_grad(true).t();

      SafetensorsWriter.write(dir.resolve("t"), Map.of("t", transposed), Map.of());

      try (SafetensorsFile file = SafetensorsFile.open(dir.resolve("t"))) {
        assertThat(file.read("t").equal(transposed)).isTrue();
      }
    }
  }

  @Test
  void unsupportedDtypeIsNamed(@TempDir Path dir) {
    try (PointerScope scope = new PointerScope()) {
      Tensor complex = torch.zeros(2).to(ScalarType.ComplexFloat);

      assertThatThrownBy(
              () -> SafetensorsWriter.write(dir.resolve("c"), Map.of("c", complex), Map.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("c: a safetensors file cannot hold ComplexFloat");
      assertThat(dir).isEmptyDirectory();
    }
  }

  private static Tensor tensor(Spec spec) {
    Tensor tensor =
        TensorMemory.allocate(
            spec.dtype(), spec.shape().stream().mapToLong(Integer::longValue).toArray());
    byte[] content = new byte[(int) tensor.nbytes()];
    new Random(spec.seed()).nextBytes(content);
    TensorMemory.of(tensor).put(0, content);
    return tensor;
  }

  private static byte[] bytes(Tensor tensor) {
    byte[] content = new byte[(int) tensor.nbytes()];
    if (content.length > 0) {
      TensorMemory.of(tensor).view(0, content.length).get(content);
    }
    return content;
  }
}
