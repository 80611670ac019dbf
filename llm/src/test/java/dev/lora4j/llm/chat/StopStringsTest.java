package dev.lora4j.llm.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  private static String shown(StopStrings stops, String... pieces) {
    StringBuilder all = new StringBuilder();
    for (String piece : pieces) {
      all.append(stops.add(piece));
    }
    return all.append(stops.finish()).toString();
  }

  @Test
  void aStopStringMayArriveInPieces() {
    StopStrings stops = new StopStrings(List.of("\nUser:"));
    assertThat(stops.add("Yes.\n")).isEqualTo("Yes.");
    assertThat(stops.add("Us")).isEmpty();
    assertThat(stops.add("er: and")).isEmpty();
    assertThat(stops.found()).isTrue();
    assertThat(stops.finish()).isEmpty();
  }

  @Test
  void aPartialMatchThatFailsIsShown() {
    StopStrings stops = new StopStrings(List.of("aab"));
    assertThat(shown(stops, "a", "a", "a", "c", "aa")).isEqualTo("aaacaa");
    assertThat(stops.found()).isFalse();
  }

  @Test
  void theFirstOfSeveralStopStringsCounts() {
    assertThat(shown(new StopStrings(List.of("world", "o w")), "hello world")).isEqualTo("hell");
  }

  @Test
  void withoutStopStringsTextIsShownAtOnce() {
    assertThat(new StopStrings(List.of()).add("text")).isEqualTo("text");
  }
}
