package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.io.DType;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufHeaderReadOnceTest {

  /** The header is destroyed after the first reading, so that a second one would fail. */
  @Test
  void modelTokenizerAndTemplateShareOneReadingOfTheHeader(@TempDir Path directory)
      throws IOException {
    Path gguf = directory.resolve("model.gguf");
    Files.copy(Fixture.path("gguf/tokenizer_llama3.gguf"), gguf);

    ModelFiles files = ModelFiles.at(gguf);
    try (RandomAccessFile file = new RandomAccessFile(gguf.toFile(), "rw")) {
      file.write(new byte[16]);
    }
    assertThatThrownBy(() -> ModelFiles.at(gguf)).isInstanceOf(CorruptFile.class);

    try (Pretrained model = Pretrained.load(files, DType.F32);
        Tokenizer tokenizer = Tokenizer.load(files)) {
      assertThat(model.model().namedParameters()).isNotEmpty();
      assertThat(model.endTokens()).isNotEmpty();
      assertThat(ChatTemplate.load(files, tokenizer.special())).isPresent();
    }
  }
}
