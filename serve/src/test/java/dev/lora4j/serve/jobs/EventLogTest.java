package dev.lora4j.serve.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.serve.jobs.EventLog.EventPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventLogTest {
  @TempDir Path directory;
  private Path file;
  private EventLog log;

  @BeforeEach
  void open() {
    file = directory.resolve("events.jsonl");
    log = new EventLog(file);
  }

  private static String messages(EventPage page) {
    StringBuilder all = new StringBuilder();
    page.events().forEach(event -> all.append(event.get("message").asText()).append(' '));
    return all.toString();
  }

  @Test
  void aReaderGetsEachEventOnce() {
    EventPage none = log.since(0);
    log.append(JobEvent.info("één"));
    log.append(JobEvent.info("two"));
    EventPage first = log.since(none.end());
    EventPage nothing = log.since(first.end());
    log.append(JobEvent.info("three"));

    assertThat(none.events()).isEmpty();
    assertThat(messages(first)).isEqualTo("één two ");
    assertThat(nothing.events()).isEmpty();
    assertThat(messages(log.since(nothing.end()))).isEqualTo("three ");
    assertThat(log.all()).hasSize(3);
  }

  @Test
  void aLineThatACrashLeftUnfinishedIsNotReadAndGivesWayToTheNextEvent() throws IOException {
    log.append(JobEvent.info("one"));
    Files.writeString(file, "{\"message\": \"torn", StandardOpenOption.APPEND);
    EventLog restarted = new EventLog(file);

    EventPage before = restarted.since(0);
    restarted.append(JobEvent.info("two"));

    assertThat(messages(before)).isEqualTo("one ");
    assertThat(messages(restarted.since(before.end()))).isEqualTo("two ");
  }
}
