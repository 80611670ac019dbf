package dev.lora4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.nn.conv.Conv1d;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.Conv3d;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.conv.MaxPool2d;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;

/**
 * Creates the layer that a fixture's metadata describes by the arguments of PyTorch's constructor.
 */
final class FixtureLayer {
  private FixtureLayer() {}

  static Module build(JsonNode layer) {
    return switch (layer.get("type").asText()) {
      case "Linear" -> linear(layer);
      case "Conv1d" -> new Conv1d(in(layer), out(layer), options(layer));
      case "Conv2d" -> new Conv2d(in(layer), out(layer), options(layer));
      case "Conv3d" -> new Conv3d(in(layer), out(layer), options(layer));
      case "Embedding" -> embedding(layer);
      case "MaxPool2d" ->
          MaxPool2d.uneven(
              longs(layer, "kernel_size"), longs(layer, "stride"), longs(layer, "padding"));
      case "LayerNorm" -> layerNorm(layer);
      case "RMSNorm" -> rmsNorm(layer);
      case "Sequential" ->
          new Sequential(
              StreamSupport.stream(layer.get("layers").spliterator(), false)
                  .map(FixtureLayer::build)
                  .toArray(Module[]::new));
      case "ReLU" -> Activation.relu();
      case "GELU" ->
          layer.get("approximate").asText().equals("tanh")
              ? Activation.geluTanh()
              : Activation.gelu();
      case "SiLU" -> Activation.silu();
      case "Tanh" -> Activation.tanh();
      case "Sigmoid" -> Activation.sigmoid();
      default -> throw new IllegalArgumentException("no layer of nn is a " + layer);
    };
  }

  private static Linear linear(JsonNode layer) {
    long in = layer.get("in_features").asLong();
    long out = layer.get("out_features").asLong();
    return layer.get("bias").asBoolean() ? new Linear(in, out) : Linear.withoutBias(in, out);
  }

  private static long in(JsonNode conv) {
    return conv.get("in_channels").asLong();
  }

  private static long out(JsonNode conv) {
    return conv.get("out_channels").asLong();
  }

  private static ConvOptions options(JsonNode conv) {
    ConvOptions options =
        ConvOptions.kernel(longs(conv, "kernel_size"))
            .withStride(longs(conv, "stride"))
            .withPadding(longs(conv, "padding"))
            .withDilation(longs(conv, "dilation"))
            .withGroups(conv.get("groups").asLong());
    return conv.get("bias").asBoolean() ? options : options.withoutBias();
  }

  private static Embedding embedding(JsonNode layer) {
    JsonNode padding = layer.path("padding_idx");
    return new Embedding(
        layer.get("num_embeddings").asLong(),
        layer.get("embedding_dim").asLong(),
        padding.isNumber() ? OptionalLong.of(padding.asLong()) : OptionalLong.empty());
  }

  private static LayerNorm layerNorm(JsonNode layer) {
    long[] shape = longs(layer, "normalized_shape");
    if (!layer.get("elementwise_affine").asBoolean()) {
      return LayerNorm.withoutAffine(shape);
    }
    if (!layer.get("bias").asBoolean()) {
      return LayerNorm.withoutBias(shape);
    }
    return LayerNorm.withEpsilon(layer.get("eps").asDouble(), shape);
  }

  private static RmsNorm rmsNorm(JsonNode layer) {
    long dim = longs(layer, "normalized_shape")[0];
    double epsilon = layer.get("eps").asDouble();
    return layer.get("elementwise_affine").asBoolean()
        ? new RmsNorm(dim, epsilon)
        : RmsNorm.withoutAffine(dim, epsilon);
  }

  private static long[] longs(JsonNode layer, String key) {
    return StreamSupport.stream(layer.get(key).spliterator(), false)
        .mapToLong(JsonNode::asLong)
        .toArray();
  }
}
