package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.conv.Conv1d;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.Conv3d;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.conv.MaxPool2d;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Invalid arguments of layers are refused; libtorch would crash on some of them. */
class LayerArgumentsTest {

  @Test
  void sizesArePositive() {
    refused(() -> new Linear(0, 3), "in_features must be at least 1, found 0");
    refused(() -> new Linear(3, -1), "out_features must be at least 1, found -1");
    refused(() -> new Conv2d(0, 3, 3), "in_channels must be at least 1, found 0");
    refused(() -> new Conv1d(3, 0, 3), "out_channels must be at least 1, found 0");
    refused(() -> new Conv3d(3, 3, 0), "kernel must be at least 1, found 0");
    refused(() -> new Embedding(0, 3), "num_embeddings must be at least 1, found 0");
    refused(() -> new Embedding(3, 0), "embedding_dim must be at least 1, found 0");
    refused(() -> new LayerNorm(3, 0), "normalized_shape must be at least 1, found 0");
    refused(() -> new RmsNorm(0), "normalized_shape must be at least 1, found 0");
    refused(() -> new MaxPool2d(0), "kernel_size must be at least 1, found 0");
    refused(() -> new MaxPool2d(2, 0, 0), "stride must be at least 1, found 0");
  }

  @Test
  void convolutionOptionsMustBePositive() {
    ConvOptions window = ConvOptions.kernel(3);
    refused(() -> new Conv2d(4, 4, window.withStride(1, 0)), "stride must be at least 1, found 0");
    refused(() -> new Conv2d(4, 4, window.withDilation(0)), "dilation must be at least 1, found 0");
    refused(() -> new Conv2d(4, 4, window.withPadding(-1)), "padding must be at least 0, found -1");
    refused(() -> new Conv2d(4, 4, window.withGroups(0)), "groups must be at least 1, found 0");
    refused(
        () -> new Conv2d(4, 6, window.withGroups(4)),
        "groups = 4 must divide in_channels = 4 and out_channels = 6");
    refused(
        () -> new Conv3d(4, 4, window.withStride(1, 2)),
        "stride takes one value or 3, found [1, 2]");
  }

  @Test
  void poolPaddingIsAtMostHalfTheWindow() {
    refused(() -> new MaxPool2d(3, 1, 2), "padding must be in [0, kernel_size / 2], found 2");
    refused(() -> new MaxPool2d(3, 1, -1), "padding must be in [0, kernel_size / 2], found -1");
  }

  @Test
  void paddingIndexMustBeInRange() {
    refused(
        () -> new Embedding(3, 2, OptionalLong.of(3)), "padding_idx must be in [0, 3), found 3");
    refused(
        () -> new Embedding(3, 2, OptionalLong.of(-1)), "padding_idx must be in [0, 3), found -1");
  }

  private static void refused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(UserError.class).hasMessage(message);
  }

  @Test
  void vectorAtThePaddingIndexStartsAtZero() {
    try (PointerScope scope = new PointerScope();
        Embedding embedding = new Embedding(3, 2, OptionalLong.of(1))) {
      TensorAssert.assertThat(embedding.weight().value().select(0, 1)).hasExactly(0, 0);
      assertThat(embedding.weight().isTrainable()).isTrue();
    }
  }

  @Test
  void singleValueAppliesToAllAxes() {
    try (PointerScope scope = new PointerScope();
        Conv2d conv = new Conv2d(1, 1, ConvOptions.kernel(3).withStride(2).withPadding(1))) {
      assertThat(conv.options().stride()).containsExactly(2, 2);
      TensorAssert.assertThat(conv.forward(torch.zeros(1, 1, 5, 7))).hasShape(1, 1, 3, 4);
    }
  }

  @Test
  void copyOfALinearSharesNoMemory() {
    try (PointerScope scope = new PointerScope();
        Linear layer = Linear.withoutBias(2, 2);
        Linear copy = layer.copy()) {
      TensorAssert.assertThat(copy.weight().value()).isExactly(layer.weight().value());
      assertThat(copy.namedParameters().keySet()).containsExactly("weight");

      copy.weight().copyFrom(torch.zeros(2, 2));
      assertThat(layer.weight().isZero()).isFalse();
    }
  }
}
