package dev.lora4j.llm.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochSecond(1_700_000_000L, 500_000_000L), ZoneOffset.UTC);

  private final Path directory;

  EventFileTest(@TempDir Path directory) {
    this.directory = directory;
  }

  /** Reads the records of a file and asserts their checksums. */
  private static List<String> records(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<String> records = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] head = new byte[8];
      bytes.get(head);
      assertThat(bytes.getInt()).isEqualTo(EventFile.maskedCrc(head, 8));
      byte[] data = new byte[(int) ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      bytes.get(data);
      assertThat(bytes.getInt()).isEqualTo(EventFile.maskedCrc(data, data.length));
      records.add(HexFormat.of().formatHex(data));
    }
    return records;
  }

  /** The expected bytes are those of tensorboard 2.21's own messages. */
  @Test
  void theBytesAreTensorBoardsOwn() throws IOException {
    Path path;
    try (EventFile file = EventFile.create(directory, 301, CLOCK)) {
      file.scalar("train/loss", 300, 1.25);
      path = file.path();
    }
    assertThat(records(path))
        .containsExactly(
            "0900002040fc54d9411a0d627261696e2e4576656e743a32",
            "0900002040fc54d94110ad023a020801",
            "0900002040fc54d94110ac022a130a110a0a747261696e2f6c6f7373150000a03f");
    assertThat(path.getFileName().toString()).startsWith("events.out.tfevents.1700000000.");
  }

  @Test
  void theChecksumIsTensorFlows() {
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertThat(EventFile.maskedCrc(digits, digits.length)).isEqualTo(0xc78ab0e5);
  }

  @Test
  void aSecondFileOfTheSameSecondComesAfterTheFirst() {
    try (EventFile one = EventFile.create(directory, 0, CLOCK);
        EventFile other = EventFile.create(directory, 5, CLOCK)) {
      assertThat(other.path().getFileName().toString())
          .isGreaterThan(one.path().getFileName().toString());
    }
  }

  @Test
  void aDirectoryThatCannotBeIsTold() throws IOException {
    Path file = Files.writeString(directory.resolve("a"), "");
    assertThatThrownBy(() -> EventFile.create(file, 0, CLOCK)).isInstanceOf(UserError.class);
  }
}
