package dev.lora4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.models.CausalAttention.Text;
import dev.lora4j.nn.Ops;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class BranchesTest {

  private static Branches of(long... ends) {
    return Branches.of(Ops.tensor(ends).view(1, -1));
  }

  @Test
  void textsSideBySideAreABranchEach() {
    try (PointerScope scope = new PointerScope()) {
      assertThat(of(3, 3, 3, 5, 5, 6).texts())
          .containsExactly(new Text(0, 3), new Text(0, 2), new Text(0, 1));
    }
  }

  @Test
  void aBranchFollowsOnWhatHasNotEnded() {
    try (PointerScope scope = new PointerScope()) {
      Branches branches = of(9, 9, 7, 5, 5, 7, 7, 9, 9, 10); // 0 1 (2 (3 4) (5 6)) (7 8), and 9
      assertThat(branches.texts())
          .containsExactly(new Text(0, 5), new Text(3, 2), new Text(2, 2), new Text(0, 1));

      Tensor numbers = Ops.range(0, 10).view(1, -1, 1, 1);
      List<Tensor> paths = branches.paths(branches.split(numbers));
      assertThat(paths.stream().map(Ops::longs))
          .containsExactly(
              new long[] {0, 1, 2, 3, 4},
              new long[] {0, 1, 2, 5, 6},
              new long[] {0, 1, 7, 8},
              new long[] {9});
    }
  }

  @Test
  void rowsHaveNothingInCommon() {
    try (PointerScope scope = new PointerScope()) {
      Branches branches =
          Branches.of(Ops.tensor(new long[] {2, 2, 3, 3, 3, 3}).view(2, 3)); // (0 1) 2, and 3 4 5
      assertThat(branches.texts()).containsExactly(new Text(0, 2), new Text(0, 1), new Text(0, 3));
    }
  }

  @Test
  void aTokenThatEndsAfterWhatItFollowsOnIsRefused() {
    try (PointerScope scope = new PointerScope()) {
      assertThatThrownBy(() -> of(2, 3, 3))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "ends: the token at 1 follows on that at 0, which ends at 2; expected no later end,"
                  + " found 3");
      assertThatThrownBy(() -> of(4, 2, 5, 5))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("the token at 2 follows on that at 0, which ends at 4");
    }
  }
}
