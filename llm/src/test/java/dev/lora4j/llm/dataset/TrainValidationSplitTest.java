package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TrainValidationSplitTest {
  private static final List<Integer> ALL = List.of(1, 2, 3, 4, 5);

  @Test
  void aTextsEndIsHeldBackInOnePiece() {
    assertThat(TrainValidationSplit.atEnd(ALL, 2))
        .isEqualTo(new TrainValidationSplit<>(List.of(1, 2, 3), List.of(4, 5)));
    assertThat(TrainValidationSplit.atEnd(ALL, 0).valid()).isEmpty();
  }

  @Test
  void somethingMustBeLeftToLearn() {
    assertThatThrownBy(() -> TrainValidationSplit.atEnd(ALL, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot hold out 5 of 5 examples");
  }
}
