/**
 * The config of an adapter, PEFT's {@code adapter_config.json}, and the target modules that it
 * resolves to.
 */
@NullMarked
package dev.lora4j.lora.config;

import org.jspecify.annotations.NullMarked;
