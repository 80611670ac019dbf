package dev.lora4j.llm.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.io.gguf.GgufWriter;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model in three parts, written by the gguf package: tools/gguf_model_fixtures.py. */
class SplitGgufTest {
  private final Path directory;

  SplitGgufTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @BeforeEach
  void copyParts() throws IOException {
    for (int number = 1; number <= 3; number++) {
      String name = part(number).getFileName().toString();
      Files.copy(Fixture.path("gguf/split/" + name), part(number));
    }
  }

  private Path part(int number) {
    return directory.resolve("tokenizer_smollm2-0000%d-of-00003.gguf".formatted(number));
  }

  private static Path whole() {
    return GgufModelTest.file("tokenizer_smollm2");
  }

  @Test
  void partsHaveTheTensorsAndMetadataOfTheWhole() {
    try (GgufFile split = GgufFile.open(part(1));
        GgufFile again = split.reopen();
        GgufFile whole = GgufFile.open(whole())) {
      assertThat(split.names()).containsExactlyElementsOf(whole.names());
      assertThat(split.metadata()).isEqualTo(whole.metadata());
      for (String name : whole.names()) {
        float[] expected = Ops.floats(whole.read(name));
        assertThat(Ops.floats(split.read(name))).as(name).isEqualTo(expected);
        assertThat(Ops.floats(again.read(name))).as(name).isEqualTo(expected);
      }
    }
  }

  @Test
  void modelTokenizerAndConversionEqualThoseOfTheWhole() throws IOException {
    try (Pretrained split = Pretrained.load(part(1));
        Pretrained whole = Pretrained.load(whole());
        Tokenizer tokenizer = Tokenizer.load(ModelFiles.at(part(1)));
        Tokenizer expected = Tokenizer.load(ModelFiles.at(whole()))) {
      assertThat(split.model().namedParameters().keySet())
          .isEqualTo(whole.model().namedParameters().keySet());
      assertThat(tokenizer.encode("Hello, world")).isEqualTo(expected.encode("Hello, world"));
    }
    Path converted = directory.resolve("converted");
    Path reference = directory.resolve("reference");
    convert(part(1), converted);
    convert(whole(), reference);
    try (Stream<Path> files = Files.list(reference)) {
      for (Path file : files.toList()) {
        assertThat(converted.resolve(file.getFileName())).hasSameBinaryContentAs(file);
      }
    }
  }

  private static void convert(Path file, Path out) {
    try (GgufModel model = GgufModel.open(file)) {
      GgufConversion.run(model, out, SaveOptions.oneFile(), bytes -> {});
    }
  }

  @Test
  void missingPartIsNamed() throws IOException {
    Files.delete(part(3));
    assertThatThrownBy(() -> GgufFile.open(part(1)))
        .isInstanceOf(UserError.class)
        .hasMessage(part(3) + ": there is no such file; the model has 3 parts");
  }

  @Test
  void anotherPartThanTheFirstNamesTheFirst() {
    assertThatThrownBy(() -> GgufModel.open(part(2)))
        .isInstanceOf(UserError.class)
        .hasMessage(part(2) + " is part 2 of 3 of a split model; give the first: " + part(1));
  }

  @Test
  void renamedPartsAreRefused() throws IOException {
    Path other = Files.copy(part(1), directory.resolve("model.gguf"));
    assertThatThrownBy(() -> GgufFile.open(other))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("expected a name that ends in -00001-of-00003.gguf");
    Path kept = directory.resolve("kept");
    Files.move(part(2), kept);
    Files.move(part(3), part(2));
    Files.move(kept, part(3));
    assertThatThrownBy(() -> GgufFile.open(part(1)))
        .isInstanceOf(CorruptFile.class)
        .hasMessage(
            part(2) + ": split.no: expected 1, found 2; it is another part or another model's");
  }

  @Test
  void partOfAnotherModelIsRefused() {
    write(part(2), 1, 2, 11, List.of("a"));
    assertRefused(part(2), "split.count: expected 3, found 2");
    write(part(2), 1, 3, 99, List.of("a"));
    assertRefused(part(2), "split.tensors.count: expected 11, found 99");
    write(part(2), 1, 3, 11, List.of("token_embd.weight"));
    assertRefused(part(2), "tensor token_embd.weight is also in " + part(1));
    write(part(2), 1, 3, 11, List.of("a", "b"));
    assertRefused(part(1), "split.tensors.count: expected 11 in all parts, found 8");
    GgufWriter.write(part(2), Map.of(), Map.of());
    assertRefused(part(2), "split.no: expected 1, found none");
  }

  private void assertRefused(Path file, String problem) {
    assertThatThrownBy(() -> GgufFile.open(part(1)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(file + ": " + problem);
  }

  private static void write(Path file, int number, int count, int tensors, List<String> names) {
    Map<String, GgufValue> metadata =
        Map.of(
            "split.no", new GgufValue.Whole(GgufKind.U16, number),
            "split.count", new GgufValue.Whole(GgufKind.U16, count),
            "split.tensors.count", new GgufValue.Whole(GgufKind.I32, tensors));
    Map<String, Tensor> content = new LinkedHashMap<>();
    names.forEach(name -> content.put(name, Ops.tensor(new float[] {1, 2}, 2)));
    GgufWriter.write(file, metadata, content);
  }
}
