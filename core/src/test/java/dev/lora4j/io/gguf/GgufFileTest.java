package dev.lora4j.io.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The good files are made by {@code tools/gguf_fixtures.py}. */
class GgufFileTest {
  private final PointerScope scope = new PointerScope();
  private final Path directory;

  GgufFileTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K",
        "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"
      })
  void everyTypeIsReadAsByLlamaCppBitForBit(GgmlType type) {
    Tensor expected = Fixture.read("gguf/expected.safetensors").tensor(type.name());
    try (GgufFile file = GgufFile.open(Fixture.path("gguf/tensors.gguf"))) {
      Tensor tensor = file.read(type.name());

      assertThat(file.tensor(type.name()).type()).isEqualTo(type);
      assertThat(DType.of(tensor.scalar_type())).contains(file.dtype(type.name()));
      TensorAssert.assertThat(tensor).isExactly(expected);
    }
  }

  @Test
  void metadataOfEveryKindIsRead() {
    try (GgufFile file = GgufFile.open(Fixture.path("gguf/tensors.gguf"))) {
      assertThat(file.text("general.architecture")).contains("llama");
      assertThat(file.text("kind.text")).contains("größer");
      assertThat(file.number("kind.u8")).contains(200.0);
      assertThat(file.number("kind.i8")).contains(-100.0);
      assertThat(file.number("kind.u16")).contains(60000.0);
      assertThat(file.number("kind.i16")).contains(-30000.0);
      assertThat(file.number("kind.u32")).contains(4e9);
      assertThat(file.number("kind.i32")).contains(-2e9);
      assertThat(file.number("kind.u64")).contains(0x1p40);
      assertThat(file.number("kind.i64")).contains(-0x1p40);
      assertThat(file.number("kind.f32")).contains((double) 0.1f);
      assertThat(file.number("kind.f64")).contains(0.1);
      assertThat(file.number("kind.text")).isEmpty();
      assertThat(file.text("kind.f64")).isEmpty();
      assertThat(file.metadata())
          .containsEntry("kind.bool", new GgufValue.Flag(true))
          .containsEntry(
              "kind.texts",
              new GgufValue.Items(
                  GgufKind.TEXT, List.of(GgufValue.of("a"), GgufValue.of("bc"), GgufValue.of(""))))
          .containsEntry(
              "kind.wholes",
              new GgufValue.Items(
                  GgufKind.I32,
                  List.of(
                      new GgufValue.Whole(GgufKind.I32, 1),
                      new GgufValue.Whole(GgufKind.I32, -2),
                      new GgufValue.Whole(GgufKind.I32, 3))));
    }
  }

  @Test
  void writtenFileEqualsTheOneRead() {
    Path again = directory.resolve("again.gguf");
    try (GgufFile file = GgufFile.open(Fixture.path("gguf/adapter.gguf"))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.read(name)));
      GgufWriter.write(again, file.metadata(), tensors);
    }

    assertThat(again).hasSameBinaryContentAs(Fixture.path("gguf/adapter.gguf"));
  }

  @Test
  void metadataOfEveryKindIsWrittenBack() {
    Path again = directory.resolve("again.gguf");
    try (GgufFile file = GgufFile.open(Fixture.path("gguf/tensors.gguf"))) {
      GgufWriter.write(again, file.metadata(), Map.of());
      try (GgufFile written = GgufFile.open(again)) {
        assertThat(written.metadata()).isEqualTo(file.metadata());
      }
    }
  }

  @Test
  void tensorWithoutAGgufTypeIsRefused() {
    Map<String, Tensor> truths = Map.of("truths", torch.ones(2).eq(new Scalar(1)));
    assertThatThrownBy(() -> GgufWriter.write(directory.resolve("x.gguf"), Map.of(), truths))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("truths: a GGUF file cannot hold");
    assertThat(directory).isEmptyDirectory();
  }

  // ---- malformed headers ----

  @Test
  void countThatExceedsTheFileIsRefused() {
    long huge = Long.MAX_VALUE;
    assertRefused(new Header().counts(huge, 0), "tensors in the");
    assertRefused(new Header().counts(0, huge), "entries of metadata in the");
    assertRefused(new Header().counts(0, 1).whole(huge).zeros(40), "bytes of text in the");
    assertRefused(
        new Header().counts(0, 1).text("list").kind(9).kind(12).whole(huge), "values of F64 in");
    assertRefused(new Header().counts(0, -1), "found 18446744073709551615");
  }

  @Test
  void tensorsMustBeAlignedAndSeparate() {
    assertThat(opened(floats("a", 0).line("b", 0, 32).zeros(96))).containsExactly("a", "b");
    assertRefused(floats("a", 0).line("b", 0, 16).zeros(96), "a multiple of 32, found 16");
    assertRefused(floats("a", 0).line("b", 0, 0).zeros(96), "it overlaps another tensor, found 0");
    assertRefused(floats("a", 0).line("b", 0, 96).zeros(96), "expected its 16 bytes within the");
    assertRefused(floats("a", 0).line("a", 0, 32).zeros(96), "there are two tensors a");
    assertRefused(floats("a", 0).line("b", 0, -32).zeros(96), "a multiple of 32, found -32");
  }

  @Test
  void sizesMustFitIntoALong() {
    Header header = new Header().counts(1, 0).text("a").kind(2).whole(1L << 40).whole(1L << 40);
    assertRefused(header.kind(0).whole(0), "expected less than 2^63 bytes");
    Header none = new Header().counts(1, 0).text("a").kind(3).whole(0);
    none.whole(1L << 40).whole(1L << 40).kind(0).whole(0);
    assertRefused(none, "expected less than 2^63 bytes");
    assertRefused(new Header().counts(1, 0).text("a").kind(5).zeros(64), "at most 4 dimensions");
    Header half = new Header().counts(1, 0).text("a").kind(1).whole(16).kind(2).whole(0);
    assertRefused(half.zeros(64), "expected rows of whole blocks of 32, found a row of 16");
  }

  @Test
  void malformedMetadataIsRefused() {
    Header twice = new Header().counts(0, 2).text("k").kind(4).kind(1).text("k").kind(4).kind(1);
    assertRefused(twice, "the metadata has two entries k");
    assertRefused(new Header().counts(0, 1).text("k").kind(13).zeros(8), "from 0 to 12, found 13");
    assertRefused(
        new Header().counts(0, 1).text("general.alignment").kind(4).kind(24),
        "expected a power of two");
    Header nested = new Header().counts(0, 1).text("k").kind(9);
    for (int i = 0; i < 9; i++) {
      nested.kind(9).whole(1);
    }
    assertRefused(nested.zeros(64), "lists at most 8 deep");
  }

  @Test
  void otherVersionsByteOrdersAndFilesAreReported() throws IOException {
    Path file = directory.resolve("other");
    Files.write(file, new byte[] {'G', 'G', 'U', 'F', 1, 0, 0, 0});
    assertThatThrownBy(() -> GgufFile.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("expected GGUF of version 2 or 3, found 1");
    Files.write(file, new byte[] {'G', 'G', 'U', 'F', 0, 0, 0, 3});
    assertThatThrownBy(() -> GgufFile.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("big-endian files are not supported");
    Files.writeString(file, "GG");
    assertThatThrownBy(() -> GgufFile.open(file))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("is it a GGUF file?");
    byte[] whole = Files.readAllBytes(Fixture.path("gguf/tensors.gguf"));
    Files.write(file, Arrays.copyOf(whole, whole.length - 100));
    assertThatThrownBy(() -> GgufFile.open(file))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("within the");
    assertThatThrownBy(() -> GgufFile.open(directory.resolve("none")))
        .isInstanceOf(UserError.class);
  }

  @ParameterizedTest
  @CsvSource({"16, IQ2_XXS", "29, IQ1_M", "35, TQ2_0", "39, MXFP4", "77, number 77"})
  void unsupportedTensorTypeIsNamed(int number, String name) {
    Header header = new Header().counts(1, 0).text("a").kind(1).whole(256).kind(number).whole(0);
    assertThatThrownBy(() -> opened(header.zeros(128)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("tensor a has ggml's type " + name + ", which is not supported")
        .hasMessageContaining("supported: [F32, F16, Q4_0");
  }

  @Test
  void everyTypeIsEitherSupportedOrNot() {
    for (int number = 0; number < 64; number++) {
      boolean named = !UnreadType.describe(number).startsWith("number ");
      assertThat(GgmlType.numbered(number).isPresent() && named).as("type " + number).isFalse();
    }
  }

  private void assertRefused(Header header, String message) {
    assertThatThrownBy(() -> opened(header))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(message);
  }

  private Set<String> opened(Header header) {
    Path file = directory.resolve("made.gguf");
    try {
      Files.write(file, header.bytes.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (GgufFile gguf = GgufFile.open(file)) {
      return gguf.names();
    }
  }

  /** A header of two tensors of four floats with the given first entry. */
  private static Header floats(String name, long offset) {
    return new Header().counts(2, 0).line(name, 0, offset);
  }

  /** Writes a file from its parts, valid or not. */
  private static final class Header {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Header counts(long tensors, long metadata) {
      return kind(GgufHeader.MAGIC).kind(GgufHeader.VERSION).whole(tensors).whole(metadata);
    }

    Header line(String name, int type, long offset) {
      return text(name).kind(1).whole(4).kind(type).whole(offset);
    }

    Header kind(int value) {
      return put(out -> GgufValues.writeInt(out, value));
    }

    Header whole(long value) {
      return put(out -> GgufValues.writeLong(out, value));
    }

    Header text(String value) {
      return put(out -> GgufValues.writeText(out, value));
    }

    Header zeros(int count) {
      bytes.writeBytes(new byte[count]);
      return this;
    }

    private interface Part {
      void writeTo(DataOutputStream out) throws IOException;
    }

    private Header put(Part part) {
      try {
        part.writeTo(new DataOutputStream(bytes));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return this;
    }
  }
}
