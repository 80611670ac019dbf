package dev.lora4j.langchain4j;

import dev.langchain4j.data.message.ChatMessageType;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.util.Locale;

/** Refuses the features of LangChain4j that the engine does not have. */
final class SupportedFeatures {
  private SupportedFeatures() {}

  static void require(ContentType type) {
    if (type != ContentType.TEXT) {
      throw exception("content of type " + type.name().toLowerCase(Locale.ROOT));
    }
  }

  static UnsupportedFeatureException of(ChatMessageType type) {
    return exception("messages of type " + type.name().toLowerCase(Locale.ROOT));
  }

  private static UnsupportedFeatureException exception(String feature) {
    return new UnsupportedFeatureException("lora4j does not support: " + feature);
  }
}
