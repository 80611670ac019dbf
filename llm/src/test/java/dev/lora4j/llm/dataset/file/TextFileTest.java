package dev.lora4j.llm.dataset.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataRow;
import dev.lora4j.llm.dataset.Sample;
import dev.lora4j.llm.dataset.TextData;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextFileTest {
  private static final String CSV = "prompt;completion\r\nGrüße € 😀;ä\r\n";

  private final Path directory;

  TextFileTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private Path file(String name, String content, String encoding) throws IOException {
    return Files.write(directory.resolve(name), content.getBytes(Charset.forName(encoding)));
  }

  private static List<Sample> samples(Path file, TextData.Options options) {
    return TextData.open(file, options).rows().stream().map(DataRow::sample).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"})
  void byteOrderMarkNamesTheEncoding(String encoding) throws IOException {
    Sample row = new Sample.Completion("Grüße € 😀", "ä");
    Path csv = file("a.csv", "\uFEFF" + CSV, encoding);
    assertThat(samples(csv, TextData.Options.DEFAULT)).containsExactly(row);
    assertThat(samples(csv, TextData.Options.DEFAULT.encoding("windows-1252")))
        .containsExactly(row);
    Path json = file("a.jsonl", "\uFEFF{\"text\": \"é\"}\n{\"text\": \"€\"}\n", encoding);
    assertThat(samples(json, TextData.Options.DEFAULT))
        .containsExactly(new Sample.Text("é"), new Sample.Text("€"));
    Path text = file("a.txt", "\uFEFFa\r\né", encoding);
    assertThat(samples(text, TextData.Options.DEFAULT))
        .containsExactly(new Sample.Document("a\né"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"windows-1252", "cp1252", "UTF-16LE", "utf-16be"})
  void namedEncodingIsUsedWithoutAMark(String encoding) throws IOException {
    Path csv = file("a.csv", CSV.replace(" 😀", ""), encoding);
    assertThat(samples(csv, TextData.Options.DEFAULT.encoding(encoding)))
        .containsExactly(new Sample.Completion("Grüße €", "ä"));
  }

  @Test
  void otherBytesThanUtf8AreNamedByOffsetAndLine() throws IOException {
    Path csv = file("a.csv", "prompt,completion\r\na,b\rc,d\nGrü,e\n", "windows-1252");
    assertThatThrownBy(() -> TextData.open(csv).rows())
        .isInstanceOf(CorruptFile.class)
        .hasMessage(
            csv
                + ": line 4 is not UTF-8 text (byte 0xfc at offset 29); name its encoding, such as"
                + " --encoding windows-1252");
    Path text = file("b.txt", "x\n".repeat(100_000) + "é", "ISO-8859-1");
    assertThatThrownBy(() -> TextData.open(text).rows())
        .hasMessageContaining("line 100001 is not UTF-8 text (byte 0xe9 at offset 200000)");
    Path json = file("c.jsonl", "{\"text\": \"\u0081\"}\n", "ISO-8859-1");
    assertThatThrownBy(
            () -> TextData.open(json, TextData.Options.DEFAULT.encoding("windows-1252")).rows())
        .hasMessageContaining("line 1 is not windows-1252 text (byte 0x81 at offset 10)");
  }

  @Test
  void truncatedCharacterAtTheEndIsNamed() throws IOException {
    Path file = directory.resolve("a.txt");
    Files.write(file, new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF, 'a', (byte) 0xC3});
    assertThatThrownBy(() -> TextData.open(file).rows())
        .hasMessageContaining("line 1 is not UTF-8 text (byte 0xc3 at offset 4)");
  }

  @Test
  void utf16WithoutAMarkIsNotTakenForUtf8() throws IOException {
    Path little = file("a.csv", CSV, "UTF-16LE");
    assertThatThrownBy(() -> TextData.open(little))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("--encoding utf-16le");
    Path big = file("b.txt", CSV, "UTF-16BE");
    assertThatThrownBy(() -> TextData.open(big).rows()).hasMessageContaining("--encoding utf-16be");
    assertThatThrownBy(() -> TextData.open(little, TextData.Options.DEFAULT.encoding("utf-16")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("name the byte order: --encoding utf-16le or utf-16be");
  }

  @Test
  void unknownEncodingIsAnsweredWithTheNearest() {
    assertThatThrownBy(() -> TextData.Options.DEFAULT.encoding("windows-1522"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no encoding 'windows-1522'; did you mean windows-1252");
    assertThatThrownBy(() -> TextData.Options.DEFAULT.encoding("utf 8"))
        .isInstanceOf(UserError.class);
  }

  @Test
  void compressedFilesHaveMarksToo() throws IOException {
    Path file = directory.resolve("a.txt.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("\uFEFFé\r\n".getBytes(Charset.forName("UTF-16LE")));
    }
    assertThat(samples(file, TextData.Options.DEFAULT)).containsExactly(new Sample.Document("é\n"));
  }

  @Test
  void directoriesAndPatternsAreRefused() {
    assertThatThrownBy(() -> TextData.open(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("expected a file, found a directory");
    assertThatThrownBy(() -> TextData.open(directory.resolve("*.jsonl")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no such file");
  }
}
