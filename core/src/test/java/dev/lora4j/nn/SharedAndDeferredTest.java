package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Weight tying, and networks without values. */
class SharedAndDeferredTest {

  private static final class Tied extends Module {
    private final Embedding embedding = new Embedding(5, 3);
    private final Slot in = child("in", embedding);
    private final Slot out = child("out", Linear.sharing(embedding.weight()));

    @Override
    public Tensor forward(Tensor ids) {
      return out.forward(in.forward(ids));
    }
  }

  @Test
  void sharedWeightIsListedOnceAndGetsBothGradients() {
    try (PointerScope scope = new PointerScope();
        Tied tied = new Tied()) {
      assertThat(tied.namedParameters()).containsOnlyKeys("in.weight");
      tied.forward(Ops.tensor(new long[] {1})).sum().backward();

      Tensor w = tied.embedding.weight().value().detach();
      Tensor expected = w.select(0, 1).expand(5, 3).clone(); // as the head
      expected.select(0, 1).add_(w.sum(0)); // as the embedding
      TensorAssert.assertThat(tied.embedding.weight().value().grad()).isCloseTo(expected, 1e-6);
    }
  }

  @Test
  void mergingAnAdapterOfATiedHeadIsRefused() {
    try (PointerScope scope = new PointerScope();
        Tied tied = new Tied()) {
      LoraModel adapted = Lora.adapt(tied, LoraConfig.rank(2).targets(Targets.named("out")));
      assertThatThrownBy(adapted::merge)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'out' shares its weight with 'in'");
      assertThat(adapted.isMerged()).isFalse();
    }
  }

  @Test
  void deferredNetworkHasShapesOnly() {
    try (PointerScope scope = new PointerScope();
        Linear layer = Init.withoutValues(() -> new Linear(1 << 20, 1 << 20))) {
      assertThat(layer.weight().shape()).containsExactly(1 << 20, 1 << 20);
      assertThat(layer.weight().value().is_meta()).isTrue();
    }
    try (Linear layer = Init.withoutValues(() -> new Linear(2, 3))) {
      layer.weight().replaceValue(torch.ones(3, 2));
      TensorAssert.assertThat(layer.weight().value()).hasExactly(1, 1, 1, 1, 1, 1);
      assertThat(layer.weight().isTrainable()).isTrue();
    }
  }

  @Test
  void laterLayersHaveValues() {
    assertThatThrownBy(() -> Init.withoutValues(() -> new Linear(0, 1)))
        .hasMessageContaining("in_features");
    try (Linear layer = new Linear(2, 3)) {
      assertThat(layer.weight().value().is_meta()).isFalse();
    }
  }
}
