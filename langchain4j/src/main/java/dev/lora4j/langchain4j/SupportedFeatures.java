package dev.lora4j.langchain4j;

import dev.langchain4j.data.message.ChatMessageType;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.Capability;
import java.util.Locale;
import java.util.Set;

/** Refuses the features of LangChain4j that the engine does not have. */
final class SupportedFeatures {
  static final Set<Capability> CAPABILITIES = Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);

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
