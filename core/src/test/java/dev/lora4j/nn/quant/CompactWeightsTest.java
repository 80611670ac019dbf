package dev.lora4j.nn.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Every store computes as its dequantised weight does, and quantises to within its step. */
class CompactWeightsTest {
  private static final double TOLERANCE = 1e-5;

  /** A way to store a weight, and the greatest error as a part of its block's largest magnitude. */
  enum Kind {
    BF16(0x1p-8) {
      @Override
      CompactWeights of(Tensor weight) {
        return new HalfWeights(Parameter.frozen(weight.to(ScalarType.BFloat16)));
      }
    },
    F16(0x1p-11) {
      @Override
      CompactWeights of(Tensor weight) {
        return new HalfWeights(Parameter.frozen(weight.to(ScalarType.Half)));
      }
    },
    INT8(0.51 / 127) {
      @Override
      CompactWeights of(Tensor weight) {
        return Int8Weights.quantize(weight);
      }
    },
    NF4(0.16) { // half of the widest gap of its code book
      @Override
      CompactWeights of(Tensor weight) {
        return FourBitWeights.quantize(weight, FourBitType.NF4, 64, false);
      }
    },
    FP4_DOUBLE(0.25) { // a sixth, and the error of the quantised magnitudes
      @Override
      CompactWeights of(Tensor weight) {
        return FourBitWeights.quantize(weight, FourBitType.FP4, 128, true);
      }
    },
    Q4_0(0.126) {
      @Override
      CompactWeights of(Tensor weight) {
        return BlockWeights.quantize(weight, BlockType.Q4_0);
      }
    },
    Q8_0(0.57 / 127) { // half a step, and a sixteenth by the scale in half precision
      @Override
      CompactWeights of(Tensor weight) {
        return BlockWeights.quantize(weight, BlockType.Q8_0);
      }
    },
    Q4_K(0.15) {
      @Override
      CompactWeights of(Tensor weight) {
        return BlockWeights.quantize(weight, BlockType.Q4_K);
      }
    };

    private final double step;

    Kind(double step) {
      this.step = step;
    }

    abstract CompactWeights of(Tensor weight);

    long columns(int blocks) {
      return this == Q4_K ? 256L : this == INT8 || this == NF4 ? 33L * blocks : 32L * blocks;
    }
  }

  @Property(tries = 60)
  void valuesAreWithinAStep(
      @ForAll Kind kind, @ForAll @IntRange(min = 1, max = 40) int rows, @ForAll int seed) {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(seed);
      Tensor weight = torch.randn(rows, 256);
      Tensor error = kind.of(weight).dense().sub(weight).abs().max();
      double largest = weight.abs().max().item_double();
      assertThat(error.item_double()).isLessThanOrEqualTo(kind.step * largest);
    }
  }

  @Property(tries = 60)
  void productsAndLookupsAreThoseOfTheDenseWeight(
      @ForAll Kind kind,
      @ForAll @IntRange(min = 1, max = 90) int rows,
      @ForAll @IntRange(min = 1, max = 300) int outputs,
      @ForAll @IntRange(min = 1, max = 6) int blocks,
      @ForAll int seed) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      torch.manual_seed(seed);
      long inputs = kind.columns(blocks);
      CompactWeights store = kind.of(torch.randn(outputs, inputs));
      Tensor dense = store.dense();
      Tensor bias = torch.randn(outputs);
      Tensor x = torch.randn(1, rows, inputs);
      TensorAssert.assertThat(store.linear(x, bias))
          .isCloseTo(torch.matmul(x, dense.t()).add(bias), TOLERANCE);
      Tensor g = torch.randn(rows, outputs);
      Tensor back = Ops.empty(rows, inputs);
      store.multiplyTransposed(g, back);
      TensorAssert.assertThat(back).isCloseTo(g.matmul(dense), TOLERANCE);
      Tensor ids = torch.randint(outputs, new long[] {2, 3}, torch.dtype(ScalarType.Long));
      TensorAssert.assertThat(Embedding.sharing(store, OptionalLong.empty()).forward(ids))
          .isExactly(torch.embedding(dense, ids));
      TensorAssert.assertThat(store.rows(outputs / 2, outputs - outputs / 2))
          .isExactly(dense.narrow(0, outputs / 2, outputs - outputs / 2));
    }
  }

  @Property(tries = 40)
  void gradientsAreThoseOfTheDenseWeight(
      @ForAll Kind kind,
      @ForAll @IntRange(min = 1, max = 90) int rows,
      @ForAll boolean inPass,
      @ForAll boolean trainsBias,
      @ForAll int seed) {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(seed);
      CompactWeights store = kind.of(torch.randn(50, 256));
      Tensor x = torch.randn(2, rows, 256);
      Tensor bias = torch.randn(50);
      bias.set_requires_grad(trainsBias);
      Tensor dense = leaf(x);
      Ops.linear(dense.sin(), store.dense(), bias).square().sum().backward();
      Tensor ofBias = trainsBias ? bias.grad().clone() : bias;
      if (trainsBias) {
        bias.grad().zero_();
      }

      Tensor own = leaf(x);
      if (inPass) {
        try (AutogradContext pass = AutogradContext.open()) {
          store.linear(own.sin(), bias).square().sum().backward();
        }
      } else {
        store.linear(own.sin(), bias).square().sum().backward();
      }
      TensorAssert.assertThat(own.grad()).isCloseTo(dense.grad(), TOLERANCE);
      if (trainsBias) {
        TensorAssert.assertThat(bias.grad()).isCloseTo(ofBias, TOLERANCE);
      }
    }
  }

  private static Tensor leaf(Tensor values) {
    Tensor leaf = values.detach().clone();
    leaf.set_requires_grad(true);
    return leaf;
  }

  @Test
  void otherDtypesAreComputedInTheirOwn() {
    try (PointerScope scope = new PointerScope()) {
      CompactWeights store = Kind.Q8_0.of(torch.randn(5, 64));
      Tensor x = torch.randn(3, 64).to(ScalarType.Double);
      TensorAssert.assertThat(store.linear(x, null))
          .isCloseTo(x.matmul(store.dense().t().to(ScalarType.Double)), 1e-12);
    }
  }

  @Test
  void indexOutsideOfTheTableIsRefused() {
    try (PointerScope scope = new PointerScope()) {
      CompactWeights store = Kind.Q8_0.of(torch.randn(5, 64));
      assertThatThrownBy(() -> store.lookup(Ops.tensor(new long[] {1, 5}), -1))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessageContaining("index 5 of 5 rows");
    }
  }

  @Test
  void onlyHalfPrecisionIsStoredAsHalf() {
    try (PointerScope scope = new PointerScope()) {
      Parameter floats = Parameter.frozen(torch.randn(2, 2).mul(new Scalar(2)));
      assertThatThrownBy(() -> new HalfWeights(floats)).hasMessageContaining("found Float");
    }
  }
}
