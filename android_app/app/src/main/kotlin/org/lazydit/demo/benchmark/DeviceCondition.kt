package org.lazydit.demo.benchmark

import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager
import org.json.JSONObject

/**
 * What slows a phone down, at one moment; null where it does not tell.
 *
 * @property thermalStatus 0 (none) to 6 (shutdown), as Android counts it.
 */
data class DeviceCondition(
    val thermalStatus: Int?,
    val batteryCelsius: Double?,
    val batteryPercent: Int?,
    val plugged: Boolean,
) {
    val batteryLow get() = !plugged && batteryPercent != null && batteryPercent < LOW_PERCENT

    fun toJson(round: Int): JSONObject =
        JSONObject()
            .put("round", round)
            .put("thermal_status", thermalStatus ?: JSONObject.NULL)
            .put("battery_celsius", batteryCelsius ?: JSONObject.NULL)
            .put("battery_percent", batteryPercent ?: JSONObject.NULL)
            .put("plugged", plugged)

    companion object {
        private const val LOW_PERCENT = 15

        fun of(context: Context): DeviceCondition {
            val battery = context.registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED))
            val power = context.getSystemService(PowerManager::class.java)
            val tellsHeat = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q
            val level = battery?.number(BatteryManager.EXTRA_LEVEL)
            val scale = battery?.number(BatteryManager.EXTRA_SCALE)
            return DeviceCondition(
                thermalStatus = if (tellsHeat) power?.currentThermalStatus else null,
                batteryCelsius = battery?.number(BatteryManager.EXTRA_TEMPERATURE)?.let { it / 10.0 },
                batteryPercent = if (level == null || scale == null) null else 100 * level / scale,
                plugged = (battery?.number(BatteryManager.EXTRA_PLUGGED) ?: 0) != 0,
            )
        }

        private fun Intent.number(name: String): Int? = if (hasExtra(name)) getIntExtra(name, 0) else null
    }
}
